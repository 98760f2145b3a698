// SPDX-License-Identifier: Apache-2.0
// Verifies tokens as an application does that has never heard of mod_usermgmt, with the npm package jose:
//   node jose.mjs ISSUER JWKS_URL <TOKENS
// Each line of the input is a token, each of the output "ALG SUB" or why it is refused.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// From the folder it was installed in, not from the one of this file.
const found = createRequire(process.cwd() + '/').resolve('jose');
const { createRemoteJWKSet, jwtVerify } = await import(pathToFileURL(found));

const [issuer, url] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(url));
for await (const line of createInterface({ input: process.stdin })) {
    try {
        const { payload, protectedHeader } = await jwtVerify(line, keys, { issuer, audience: issuer, typ: 'at+jwt' });
        console.log(protectedHeader.alg, payload.sub);
    } catch (error) {
        console.log(error.code);
    }
}
