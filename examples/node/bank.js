// A bank's whole way with pivault: openid-client does the OAuth.
//
//     npm ci --ignore-scripts
//     node bank.js kit/
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline/promises'
import { setTimeout as wait } from 'node:timers/promises'
import * as oauth from 'openid-client'

const kit = process.argv[2] ?? 'kit'
const read = async (name) => JSON.parse(await readFile(`${kit}/${name}`, 'utf8'))
const { issuer, api } = await read('server.json')
const mine = await read('client.json')

console.log('1. Discovery')
const key = await crypto.subtle.importKey('jwk', mine.client_key, 'Ed25519', false, ['sign'])
const local = issuer.startsWith('http://') // the library wants https; http is for trying on this machine
const config = await oauth.discovery(
  new URL(issuer),
  mine.client_id,
  undefined,
  oauth.PrivateKeyJwt({ key, kid: mine.client_key.kid }),
  { algorithm: 'oauth2', execute: local ? [oauth.allowInsecureRequests] : [] },
)
console.log(`   ${config.serverMetadata().pushed_authorization_request_endpoint}`)

console.log('2. Push the request: these items, in these forms, for 30 days')
// The key that tokens are bound to. Keep it as long as the refresh token: the one is worthless without the other.
const DPoP = oauth.getDPoPHandle(config, await oauth.randomDPoPKeyPair('Ed25519'))
const items = mine.items.map(({ item, form }) => ({ item, form }))
const verifier = oauth.randomPKCECodeVerifier()
const state = oauth.randomState()
const address = await oauth.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri: mine.redirect_uri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    authorization_details: JSON.stringify([{ type: 'personal_information.v1', items, duration_days: 30 }]),
  },
  { DPoP },
)

console.log(`3. Sign in (person.json) and decide. Open in a browser:\n\n   ${address}\n`)
const came = await person()
if (came.searchParams.has('error')) {
  console.log(`   no: ${came.searchParams.get('error')}. Nothing more is said, whatever the reason.`)
  process.exit(1)
}

console.log('4. Redeem the code') // after checking state and iss
let tokens = await oauth.authorizationCodeGrant(
  config,
  came,
  { pkceCodeVerifier: verifier, expectedState: state },
  undefined,
  { DPoP },
)
const granted = tokens.authorization_details[0].items.map(({ item }) => item)
console.log(`   granted: ${granted.join(', ')} (what was not ticked, or is not there, is not in the list)`)

console.log('5. Release')
await delivered(await release())

console.log('6. Refresh, and release once more under the new token')
const { refresh_token } = tokens // stays the same
tokens = await oauth.refreshTokenGrant(config, refresh_token, undefined, { DPoP })
await delivered(await release())

console.log(`7. Withdraw: ${issuer}/grants, as the person. Then press Enter here.`)
const terminal = createInterface({ input: process.stdin })
await once(terminal, 'line')
terminal.close()

console.log('8. What a business sees now')
const { status, body } = await release()
console.log(`   release: ${status} ${body.title}: ${body.detail}`)
await oauth.refreshTokenGrant(config, refresh_token, undefined, { DPoP }).catch((refused) => {
  console.log(`   refresh: ${refused.status} ${refused.error}: ${refused.error_description}`)
})

// Ask for a release. While an officer has to look at it first (202), wait, then ask again under the same key.
async function release() {
  const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() }
  for (;;) {
    const answer = await call('POST', `${api}/releases`, JSON.stringify({ items: granted }), headers)
    if (answer.status !== 202) return answer
    const place = new URL(answer.location, api)
    console.log(`   an officer must approve: ${place}`)
    while ((await call('GET', place)).body.state === 'waiting') await wait(1000)
  }
}

// A request with the token and a proof of its key. A refusal is an answer like any other.
async function call(method, url, sent, headers) {
  const answer = await oauth
    .fetchProtectedResource(config, tokens.access_token, new URL(url), method, sent, new Headers(headers), { DPoP })
    .catch((error) => error.response ?? Promise.reject(error)) // the library throws for a 401
  return { status: answer.status, location: answer.headers.get('location'), body: await answer.json() }
}

// Print what came, and keep its receipt.
async function delivered({ status, body }) {
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  for (const { item, form, value } of body.items) console.log(`   ${item} (${form}): ${JSON.stringify(value)}`)
  await writeFile(`${kit}/receipt.json`, JSON.stringify(body.receipt))
  console.log(`   receipt of entry ${body.receipt.index}: pivault ledger verify ${kit}/receipt.json --vkey ${kit}/log.vkey`)
}

// Listen where the person is sent back to, and return the address they came to.
async function person() {
  const { hostname, port, pathname } = new URL(mine.redirect_uri)
  const server = createServer().listen(port, hostname)
  for (;;) {
    const [request, answer] = await once(server, 'request')
    const came = new URL(request.url, mine.redirect_uri)
    answer.setHeader('connection', 'close').end('Thank you. You may close this page.')
    if (came.pathname === pathname) {
      server.close()
      return came
    }
  }
}
