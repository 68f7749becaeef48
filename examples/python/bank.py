"""A bank's whole way with pivault: requests_oauth2client does the OAuth, requests the rest.

Run it: pip install requests_oauth2client; python bank.py kit/
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import requests
from requests_oauth2client import AuthorizationResponseError, DPoPKey, DPoPToken, OAuth2Client, PrivateKeyJwt
from requests_oauth2client.dpop import InvalidUseDPoPNonceResponse
from requests_oauth2client.exceptions import EndpointError


def main(kit: Path) -> None:
    """The whole way, in the order in which it happens."""
    server, mine = read(kit / "server.json"), read(kit / "client.json")
    issuer, api = server["issuer"], server["api"]
    client = discovered(issuer, mine)
    token = allowed(client, mine)
    granted = [item["item"] for item in token.authorization_details[0]["items"]]
    say(f"   granted: {', '.join(granted)} (what was not ticked, or is not there, is not in the list)")

    say("5. Release")
    delivered(release(api, token, granted), kit)

    say("6. Refresh, and release once more under the new token")
    token = client.refresh_token(token)
    delivered(release(api, token, granted), kit)

    say(f"7. Withdraw: {issuer}/grants, as the person. Then press Enter here.")
    sys.stdin.readline()

    say("8. What a business sees now")
    answer = release(api, token, granted)
    say(f"   release: {answer.status_code} {answer.json()['title']}: {answer.json()['detail']}")
    try:
        client.refresh_token(token)
    except EndpointError as refused:
        say(f"   refresh: {refused.response.status_code} {refused.error}: {refused.description}")


def discovered(issuer: str, mine: dict) -> OAuth2Client:
    """A client that knows the server's addresses and how to say who it is."""
    say("1. Discovery")
    client = OAuth2Client.from_discovery_endpoint(
        f"{issuer}/.well-known/oauth-authorization-server",
        issuer,
        # aud is the issuer: the library would name the endpoint, which FAPI 2.0 refuses.
        auth=PrivateKeyJwt(mine["client_id"], mine["client_key"], alg="EdDSA", aud=issuer),
        redirect_uri=mine["redirect_uri"],
        dpop_bound_access_tokens=True,
        testing=issuer.startswith("http://"),  # the library wants https; http is for trying on this machine
    )
    say(f"   {client.pushed_authorization_request_endpoint}")
    return client


def allowed(client: OAuth2Client, mine: dict) -> DPoPToken:
    """Ask the person, and return the token for what they allowed."""
    say("2. Push the request: these items, in these forms, for 30 days")
    items = [{"item": item["item"], "form": item["form"]} for item in mine["items"]]
    details = [{"type": "personal_information.v1", "items": items, "duration_days": 30}]
    # The key that tokens are bound to. Keep it as long as the refresh token: the one is worthless without the other.
    key = DPoPKey.generate("ES256")
    request = client.authorization_request(scope=None, dpop_key=key, authorization_details=json.dumps(details))
    pushed = client.pushed_authorization_request(request)

    say(f"3. Sign in (person.json) and decide. Open in a browser:\n\n   {pushed.uri}\n")
    try:
        answer = request.validate_callback(wait_for_person(mine["redirect_uri"]))  # checks state and iss
    except AuthorizationResponseError as refused:
        sys.exit(f"   no: {refused.error}. Nothing more is said, whatever the reason.")

    say("4. Redeem the code")
    return client.authorization_code(answer)


def release(api: str, token: DPoPToken, items: list[str]) -> requests.Response:
    """Ask for a release. While an officer has to look at it first (202), wait, then ask again under the same key."""
    once = {"Idempotency-Key": str(uuid4())}
    while (answer := post(f"{api}/releases", token, {"items": items}, once)).status_code == 202:
        place = urljoin(answer.url, answer.headers["Location"])
        say(f"   an officer must approve: {place}")
        while requests.get(place, auth=token, timeout=40).json()["state"] == "waiting":
            time.sleep(1)
    return answer


def post(url: str, token: DPoPToken, body: dict, headers: dict) -> requests.Response:
    """A request with the token and a proof of its key, which the library makes."""
    try:
        return requests.post(url, json=body, headers=headers, auth=token, timeout=40)
    except InvalidUseDPoPNonceResponse as refused:  # the library takes every 401 for a question for a nonce
        return refused.response


def delivered(answer: requests.Response, kit: Path) -> None:
    """Print what came, and keep its receipt."""
    if answer.status_code != 200:
        sys.exit(f"   {answer.status_code} {answer.text}")
    body = answer.json()
    for item in body["items"]:
        say(f"   {item['item']} ({item['form']}): {json.dumps(item['value'], ensure_ascii=False)}")
    (kit / "receipt.json").write_text(json.dumps(body["receipt"]))
    index = body["receipt"]["index"]
    say(f"   receipt of entry {index}: pivault ledger verify {kit}/receipt.json --vkey {kit}/log.vkey")


def wait_for_person(redirect_uri: str) -> str:
    """Listen where the person is sent back to, and return the address they came to."""
    came: list[str] = []

    class Back(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(f"http://{self.headers['Host']}{self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"Thank you. You may close this page.")

        def log_message(self, *_: object) -> None:
            """The code in the address belongs in no log."""

    place = urlsplit(redirect_uri)
    with HTTPServer((place.hostname, place.port), Back) as server:
        while not any(address.startswith(f"{redirect_uri}?") for address in came):
            server.handle_request()
    return came[-1]


def read(path: Path) -> dict:
    return json.loads(path.read_text())


def say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "kit"))
