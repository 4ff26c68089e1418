// SPDX-License-Identifier: Apache-2.0
// What the scripts here share: JSON in on standard input, JSON out, exit status 1 on a refusal.
import { webcrypto } from 'node:crypto';
import { text } from 'node:stream/consumers';

// Node 18 has Web Crypto, though not as the global that oauth4webapi and openid-client look for.
globalThis.crypto ??= webcrypto;

// Each client keeps the server's error somewhere else.
async function answered(error) {
  if (error.data?.payload) {
    return error.data.payload;
  }
  const { response } = error;
  return response && !response.bodyUsed ? response.json() : error;
}

async function reason(thrown) {
  const { name, message, code, cause } = thrown;
  const { error, error_description } = await answered(thrown).catch(() => ({}));
  return { name, message, code, cause: cause?.message, error, error_description };
}

export async function run(work) {
  try {
    console.log(JSON.stringify(await work(JSON.parse(await text(process.stdin)))));
  } catch (thrown) {
    console.error(JSON.stringify(await reason(thrown)));
    process.exitCode = 1;
  }
}
