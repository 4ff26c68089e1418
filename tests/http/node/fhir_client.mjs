// SPDX-License-Identifier: Apache-2.0
// In: {server_url, access_token, calls: [["request"|"create"|"update"|"delete", WHAT]]}. Out: for
// each call the resource that came, or {message} of its refusal.
import FHIR from 'fhirclient';
import { run } from './run.mjs';

await run(async ({ server_url, access_token, calls }) => {
  const client = FHIR({}, {}).client({ serverUrl: server_url, tokenResponse: { access_token } });
  const answers = [];
  for (const [verb, what] of calls) {
    try {
      answers.push(await client[verb](what));
    } catch (thrown) {
      answers.push({ message: thrown.message });
    }
  }
  return answers;
});
