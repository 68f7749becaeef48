#!/usr/bin/env bash
# A bank's whole way with pivault, by hand: curl sends, openssl signs, jq reads. Read it from top to bottom.
#
#     ./bank.sh kit/
set -euo pipefail
kit=${1:-kit}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

issuer=$(jq -r .issuer "$kit/server.json")
api=$(jq -r .api "$kit/server.json")
client_id=$(jq -r .client_id "$kit/client.json")
redirect_uri=$(jq -r .redirect_uri "$kit/client.json")

# --- Tools: base64url, a signed JWT, the two JWTs that every request needs ------------------------------------------

b64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
now() { date +%s; }
random() { openssl rand 24 | b64url; }

# jwt KEY HEADER CLAIMS: the two, signed (RFC 7515). openssl wants a file to sign.
jwt() {
  local head
  head=$(printf %s "$2" | b64url).$(printf %s "$3" | b64url)
  printf %s "$head" >"$work/signed"
  printf '%s.%s' "$head" "$(openssl pkeyutl -sign -rawin -inkey "$1" -in "$work/signed" | b64url)"
}

# Who is calling (private_key_jwt, RFC 7523): new for each request; aud is the issuer, a string.
assertion() {
  jwt "$work/client.pem" "{\"alg\":\"EdDSA\",\"kid\":\"$kid\"}" "{\"iss\":\"$client_id\",\"sub\":\"$client_id\",\
\"aud\":\"$issuer\",\"jti\":\"$(random)\",\"iat\":$(now),\"exp\":$(($(now) + 60))}"
}

# proof METHOD URL [TOKEN]: that this very request comes from the holder of the key (DPoP, RFC 9449).
proof() {
  local ath=''
  if [[ -n ${3:-} ]]; then ath=",\"ath\":\"$(printf %s "$3" | openssl dgst -sha256 -binary | b64url)\""; fi
  jwt "$work/dpop.pem" "{\"typ\":\"dpop+jwt\",\"alg\":\"EdDSA\",\"jwk\":$dpop_jwk}" \
    "{\"htm\":\"$1\",\"htu\":\"$2\",\"jti\":\"$(random)\",\"iat\":$(now)$ath}"
}

# back URL FIELD=VALUE...: a request to the authorization server.
back() {
  local url=$1 field fields=()
  shift
  for field; do fields+=(--data-urlencode "$field"); done
  curl -sS "$url" -H "DPoP: $(proof POST "$url")" "${fields[@]}" \
    --data-urlencode client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
    --data-urlencode "client_assertion=$(assertion)"
}

# release: everything that was granted; the answer's body, then its status on a line of its own.
release() {
  curl -sS "$api/releases" -H "Authorization: DPoP $access_token" -H "DPoP: $(proof POST "$api/releases" "$access_token")" \
    -H "Idempotency-Key: $(random)" -H 'Content-Type: application/json' -d '{}' -w '\n%{http_code}\n' |
    tee "$work/answer" | tail -1
}

delivered() {
  head -1 "$work/answer" | jq -r '.items[] | "   \(.item) (\(.form)): \(.value | tojson)"'
  head -1 "$work/answer" | jq .receipt >"$kit/receipt.json"
  echo "   receipt of entry $(jq .index "$kit/receipt.json"): pivault ledger verify $kit/receipt.json --vkey $kit/log.vkey"
}

# --- Keys -----------------------------------------------------------------------------------------------------------
echo "0. Keys"
umask 077
# Ed25519 for both. The client's key is the registered one: 16 bytes that say so much (RFC 8410), then the secret.
kid=$(jq -r .client_key.kid "$kit/client.json")
secret=$(jq -r .client_key.d "$kit/client.json")
{ echo 302e020100300506032b657004220420 | tr a-f A-F | basenc --base16 -d; echo "$secret=" | basenc --base64url -d; } |
  openssl pkey -inform DER -out "$work/client.pem"
# The key that tokens are bound to is ours alone. Keep it as long as the refresh token.
openssl genpkey -algorithm ed25519 -out "$work/dpop.pem"
dpop_jwk="{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"$(openssl pkey -in "$work/dpop.pem" -pubout -outform DER | tail -c 32 | b64url)\"}"

echo "1. Discovery"
curl -sS "$issuer/.well-known/oauth-authorization-server" >"$work/metadata"
endpoint() { jq -r ".$1" "$work/metadata"; }
echo "   $(endpoint pushed_authorization_request_endpoint)"

echo "2. Push the request: everything declared that is not sensitive, for 30 days"
verifier=$(random)$(random)
state=$(random)
back "$(endpoint pushed_authorization_request_endpoint)" response_type=code "redirect_uri=$redirect_uri" "state=$state" \
  "code_challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | b64url)" code_challenge_method=S256 \
  "authorization_details=$(jq -c '[{type: "personal_information.v1", duration_days: 30,
     items: [.items[] | select(.sensitive | not) | {item, form}]}]' "$kit/client.json")" >"$work/pushed"
request_uri=$(jq -er .request_uri "$work/pushed") || { cat "$work/pushed"; exit 1; }

echo "3. Sign in (person.json) and decide. Open in a browser:"
printf '\n   %s?client_id=%s&request_uri=%s\n\n' "$(endpoint authorization_endpoint)" "$client_id" "$request_uri"
echo "   Nobody listens at $redirect_uri here: paste the address that the browser ends at (within a minute)."
read -r address
answer() { sed -n "s/.*[?&]$1=\([^&]*\).*/\1/p" <<<"$address"; }
error=$(answer error)
if [[ -n $error ]]; then echo "   no: $error. Nothing more is said, whatever the reason."; exit 1; fi
# An answer to somebody else's question, or from another server, must not be used.
[[ $(answer state) == "$state" && $(answer iss | sed 's/%3A/:/g; s/%2F/\//g') == "$issuer" ]] ||
  { echo "   not the answer to this request"; exit 1; }

echo "4. Redeem the code"
back "$(endpoint token_endpoint)" grant_type=authorization_code "code=$(answer code)" "redirect_uri=$redirect_uri" \
  "code_verifier=$verifier" >"$work/token"
access_token=$(jq -er .access_token "$work/token") || { cat "$work/token"; exit 1; }
refresh_token=$(jq -r .refresh_token "$work/token")
echo "   granted: $(jq -r '[.authorization_details[0].items[].item] | join(", ")' "$work/token")"

echo "5. Release"
[[ $(release) == 200 ]] || { cat "$work/answer"; exit 1; }
delivered

echo "6. Refresh, and release once more under the new token"
back "$(endpoint token_endpoint)" grant_type=refresh_token "refresh_token=$refresh_token" >"$work/token"
access_token=$(jq -er .access_token "$work/token") || { cat "$work/token"; exit 1; }
[[ $(release) == 200 ]] || { cat "$work/answer"; exit 1; }
delivered

echo "7. Withdraw: $issuer/grants, as the person. Then press Enter here."
read -r

echo "8. What a business sees now"
status=$(release)
echo "   release: $status $(head -1 "$work/answer" | jq -r '"\(.title): \(.detail)"')"
back "$(endpoint token_endpoint)" grant_type=refresh_token "refresh_token=$refresh_token" |
  jq -r '"   refresh: 400 \(.error): \(.error_description)"'
