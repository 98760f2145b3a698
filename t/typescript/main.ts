// SPDX-License-Identifier: Apache-2.0
// A client in TypeScript, with the types that openapi-typescript makes of /api/openapi.yaml: what a front end does in the
// life of an account. The compiler checks it with --strict. Lines behind @ts-expect-error must not compile.
import createClient from 'openapi-fetch';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { components, operations, paths } from './schema.js';

type Schema = components['schemas'];
type Account = Schema['Account'];
type Fault = Schema['Faults'] | Schema['Detail'] | Schema['Problem'];

const facts: { base: string, away: string, throttled: string, mails: string, username: string, password: string }
    = JSON.parse(process.env['UM_TYPESCRIPT_FACTS'] ?? '{}');
const FIRST = 'Blue-Tree-71x', SECOND = 'Red-River-82y', THIRD = 'Green-Hill-93z';

// ---- checks, as the suite counts them -------------------------------------------------------------------------------

function ok(good: boolean, name: string): void
{
    console.log(`${good ? '' : 'not '}ok - ${name}`);
}

function is<T>(got: T, wanted: T, name: string): void
{
    const texts = [JSON.stringify(got), JSON.stringify(wanted)];
    ok(texts[0] === texts[1], name);
    if (texts[0] !== texts[1]) {
        console.log(`# got ${texts[0]}, wanted ${texts[1]}`);
    }
}

// Compiles only where a value has exactly this type.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
function typed<_ extends true>(): void {}

// ---- clients --------------------------------------------------------------------------------------------------------

// What an answer has, or an error that names the fault.
function need<T>(answer: { data?: T, error?: unknown, response: Response }): T
{
    if (answer.data === undefined) {
        throw new Error(`${answer.response.url}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
    }
    return answer.data;
}

// The messages of an error in each of its three forms.
function messages(fault: Fault | undefined): string[]
{
    if (!fault) {
        return [];
    }
    if ('code' in fault) {
        return [fault.code, ...(fault.errors ?? []).map((error) => `${error.field}: ${error.code}`)];
    }
    if ('detail' in fault) {
        return [fault.detail];
    }
    return Object.entries(fault).flatMap(([field, texts]) => texts.map((text) => `${field}: ${text}`));
}

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
const api = createClient<paths>({ baseUrl: facts.base });
const problems = createClient<paths>({ baseUrl: facts.base, headers: { Accept: 'application/problem+json' } });

async function sign_in(username: string, password: string): Promise<string>
{
    const answer = need(await api.POST('/api-token-auth/', { body: { username, password } }));
    if (!('token' in answer)) {
        throw new Error('the token is in a cookie');
    }
    typed<Same<typeof answer.token_type, 'Bearer'>>();
    return answer.token;
}

// The one-time token of the newest mail to an address with such a line, as soon as it is there.
async function token_of_mail(address: string, subject: RegExp): Promise<string>
{
    for (const end = Date.now() + 30_000; Date.now() < end; await sleep(100)) {
        for (const file of readdirSync(facts.mails).filter((name) => name.endsWith('.eml')).sort().reverse()) {
            const text = readFileSync(`${facts.mails}/${file}`, 'utf8').replace(/=\r?\n/g, '').replace(/=3D/g, '=');
            const token = /^Token: ([\w-]{43})\r?$/m.exec(text)?.[1];
            if (token && text.includes(`<${address}>`) && subject.test(text)) {
                return token;
            }
        }
    }
    throw new Error(`no mail to ${address} with ${subject}`);
}

// ---- registering ----------------------------------------------------------------------------------------------------

const name = `mia.${process.pid}`, email = `${name}@example.org`;
const registration = { username: name, password: FIRST, first_name: 'Mia', email, rings: 7 };
// @ts-expect-error: the site requires a field
const incomplete: Schema['Registration'] = { username: name, password: FIRST };
// @ts-expect-error: the API has no such field
const misspelt: Schema['Registration'] = { ...registration, pasword: incomplete.password };
// @ts-expect-error: a value of another type
const number: Schema['Registration'] = { ...misspelt, username: 7 };
void number;

const faulty = await api.POST('/api/v1/users/', { body: { ...registration, username: 'a b', password: '1234' } });
is(faulty.response.status, 400, 'a faulty registration is refused');
is(messages(faulty.error).map((text) => text.replace(/:.*/, '')),
    ['username', 'password', 'password', 'password'].slice(0, messages(faulty.error).length),
    'the error has the messages of each field');
ok(!!faulty.error && !('detail' in faulty.error) && !('code' in faulty.error)
    && (faulty.error.password ?? [])[0]?.includes('too short') === true, 'they are found by the names of the fields');
const faults = await problems.POST('/api/v1/users/', { body: { ...registration, password: '12345678' } });
ok(messages(faults.error).includes('password: password_entirely_numeric'), 'problem details have codes');

const key = { params: { header: { 'Idempotency-Key': crypto.randomUUID() } } };
const made = need(await api.POST('/api/v1/users/', { ...key, body: registration }));
const again = need(await api.POST('/api/v1/users/', { ...key, body: registration }));
is(again.id, made.id, 'a registration that is repeated under its Idempotency-Key gets the same account');
const other = await api.POST('/api/v1/users/', { ...key, body: { ...registration, first_name: 'Eva' } });
is(messages(other.error).length && other.response.status, 422, 'another registration under that key is refused');
if (!('auth_token' in made)) {
    throw new Error('there is no token');
}
typed<Same<typeof made.auth_token, string>>();
let mine = bearer(made.auth_token);

// ---- reading and changing -------------------------------------------------------------------------------------------

const me = { params: { path: { id: 'me' } } };
const profile = await api.GET('/api/v1/users/{id}/', { ...me, ...mine });
const account: Account = need(profile);
typed<Same<typeof account.rings, number | null>>();
typed<Same<typeof account.phone, string>>();
// @ts-expect-error: an account has no such member
is(account.usrname, undefined, 'a member that is none');
is([account.username, account.rings, account.phone], [name, 7, ''], 'the account has the fields of the site');
const tag = profile.response.headers.get('ETag') ?? '';
const unchanged = await api.GET('/api/v1/users/{id}/',
    { params: { path: { id: account.id }, header: { 'If-None-Match': tag } }, ...mine });
is(unchanged.response.status, 304, 'a client that has the current version gets 304');
const matched = { params: { path: { id: account.id }, header: { 'If-Match': tag } } };
const changed = need(await api.PATCH('/api/v1/users/{id}/', { ...matched, ...mine, body: { last_name: 'Tree' } }));
is([changed.first_name, changed.last_name], ['Mia', 'Tree'], 'a change under If-Match');
const late = await api.PATCH('/api/v1/users/{id}/', { ...matched, ...mine, body: { last_name: 'Bush' } });
is([late.response.status, ...messages(late.error)], [412, 'Precondition failed.'], 'a second one under the same tag is refused');
const cleared = await problems.PUT('/api/v1/users/{id}/', { ...me, ...mine, body: { email: 'nobody' } });
is(messages(cleared.error), ['invalid', 'email: invalid'], 'a faulty change, as problem details');
is(messages((await api.GET('/api/v1/users/{id}/', me)).error), ['Authentication credentials were not provided.'],
    'without a token the answer is an error with one message');

// ---- by mail --------------------------------------------------------------------------------------------------------

const verify = { body: { token: await token_of_mail(email, /\/verify\//) } };
is(need(await api.POST('/api/email_verification/confirm/', verify)).status, 'OK', 'the address is verified');
is((await api.POST('/api/email_verification/confirm/', verify)).response.status, 404, 'the token is valid once');

const password = await api.POST('/api/v1/users/{id}/',
    { ...me, ...mine, body: { old_password: FIRST, new_password: SECOND } });
const fresh = need(password);
typed<Same<typeof fresh.token, string | undefined>>();
typed<Same<typeof fresh.code, 200>>();
is((await api.GET('/api/v1/users/{id}/', { ...me, ...mine })).response.status, 401, 'a new password voids the old tokens');
mine = bearer(fresh.token ?? '');
is(need(await api.GET('/api/v1/users/{id}/', { ...me, ...mine })).id, account.id, 'the answer has a new one');

need(await api.POST('/api/password_reset/', { body: { email } }));
const token = await token_of_mail(email, /\/reset\//);
need(await api.POST('/api/password_reset/validate_token/', { body: { token } }));
const weak = await api.POST('/api/password_reset/confirm/', { body: { token, password: 'short' } });
ok(!!weak.error && !('detail' in weak.error) && !('code' in weak.error) && !!weak.error.password,
    'a weak password is refused by its rule');
need(await api.POST('/api/password_reset/confirm/', { body: { token, password: THIRD } }));
is(messages((await api.POST('/api-token-auth/', { body: { username: name, password: SECOND } })).error),
    ['non_field_errors: Unable to log in with provided credentials.'], 'the former password is void');
mine = bearer(await sign_in(name, THIRD));

// ---- sessions and events --------------------------------------------------------------------------------------------

const second = await sign_in(name, THIRD);
const sessions = need(await api.GET('/api/v1/users/{id}/sessions/', { ...me, ...mine }));
is(sessions.map((session) => session.current).sort(), [false, true], 'there are two sessions');
const ended = sessions.find((session) => !session.current);
typed<Same<NonNullable<typeof ended>['last_refresh'], string | null>>();
is((await api.DELETE('/api/v1/users/{id}/sessions/{session}/',
    { params: { path: { id: 'me', session: ended?.id ?? '' } }, ...mine })).response.status, 204, 'one is ended');
is((await api.GET('/api/v1/users/{id}/', { ...me, ...bearer(second) })).response.status, 401, 'its token is void');
const events = need(await api.GET('/api/v1/users/{id}/events/', { params: { path: { id: 'me' } }, ...mine }));
const kinds: Schema['Event']['event'][] = ['registered', 'email_verified', 'password_changed', 'reset_confirmed', 'session_ended'];
is(kinds.filter((kind) => !events.results.some((event) => event.event === kind)), [], 'the events are listed');
// @ts-expect-error: there is no such event
is(events.results.some((event) => event.event === 'pasword_changed'), false, 'an event that is none');

// ---- staff ----------------------------------------------------------------------------------------------------------

const denied = await problems.GET('/api/v1/users/', mine);
is(messages(denied.error), ['permission_denied'], 'the list is for staff');
const staff = bearer(await sign_in(facts.username, facts.password));
type Query = NonNullable<operations['listAccounts']['parameters']['query']>;
const found: string[] = [];
let pages = 0;
for (let query: Query | undefined = { ordering: 'username', page_size: 2, is_active: true }; query; pages++) {
    const page: Schema['AccountPage'] = need(await api.GET('/api/v1/users/', { params: { query }, ...staff }));
    found.push(...page.results.map((one) => one.username));
    const cursor = page.next ? new URL(page.next).searchParams.get('cursor') : null;
    query = cursor ? { ...query, cursor } : undefined;
}
ok(pages > 1 && found.includes(name) && found.includes(facts.username), 'staff lists the accounts, page by page');
is(found, [...found].sort(), 'they are in order');
// @ts-expect-error: there is no such order
const bad: Query = { ordering: 'password' };
is(messages((await api.GET('/api/v1/users/', { params: { query: bad }, ...staff })).error),
    ['ordering: "password" is not a valid choice.'], 'a faulty parameter is an error with its name');
const seen = need(await api.GET('/api/v1/users/{id}/', { params: { path: { id: account.id } }, ...staff }));
ok('is_staff' in seen && !seen.is_staff && seen.email_verified, 'staff sees more of an account');

const group = { params: { path: { group: `editors.${process.pid}` } } };
need(await api.POST('/api/v1/groups/', { ...staff, body: { name: group.params.path.group } }));
const member = { params: { path: { ...group.params.path, id: account.id } } };
is((await api.PUT('/api/v1/groups/{group}/members/{id}/', { ...member, ...staff })).response.status, 204,
    'staff puts the account into a group');
is(need(await api.GET('/api/v1/groups/{group}/members/', { ...group, ...staff })).results.map((one) => one.groups),
    [[group.params.path.group]], 'it is a member');
const renamed = need(await api.PATCH('/api/v1/groups/{group}/', { ...group, ...staff, body: { name: `${group.params.path.group}.x` } }));
is(need(await api.GET('/api/v1/groups/', staff)).results.map((one) => one.name).includes(renamed.name), true, 'the group is renamed');
is((await api.DELETE('/api/v1/groups/{group}/', { params: { path: { group: renamed.name } }, ...staff })).response.status, 204,
    'and deleted');
const invited = need(await api.POST('/api/v1/users/',
    { ...staff, body: { invite: true, username: `bob.${process.pid}`, email: `bob.${process.pid}@example.org`, rings: 1 } }));
ok(!('auth_token' in invited), 'an invitation has no token');

// ---- what is in the way ---------------------------------------------------------------------------------------------

// An error of any status, with what its header says.
function waits(answer: { error?: Fault, response: Response }): [number, string[], boolean]
{
    return [answer.response.status, messages(answer.error), Number(answer.response.headers.get('Retry-After')) > 0];
}

type Refusals = operations['signIn']['responses'];
typed<Same<Refusals[429]['content']['application/problem+json'], Schema['Problem']>>();
typed<Same<Refusals[503]['headers']['Retry-After'], number>>();
const away = createClient<paths>({ baseUrl: facts.away, headers: { Accept: 'application/problem+json' } });
is(waits(await away.POST('/api-token-auth/', { body: { username: name, password: THIRD } })),
    [503, ['service_unavailable'], true], 'without a database the answer is 503, with a time to wait');
const throttled = createClient<paths>({ baseUrl: facts.throttled, headers: { Accept: 'application/problem+json' } });
let last = await throttled.POST('/api-token-auth/', { body: { username: name, password: 'wrong' } });
for (let i = 0; i < 20 && last.response.status === 400; i++) {
    last = await throttled.POST('/api-token-auth/', { body: { username: name, password: 'wrong' } });
}
is(waits(last), [429, ['throttled'], true], 'too many tries are answered 429, with a time to wait');

// ---- the end --------------------------------------------------------------------------------------------------------

is((await api.DELETE('/api/v1/users/{id}/', { ...me, ...mine })).response.status, 204, 'the account is deleted');
is(messages((await problems.GET('/api/v1/users/{id}/', { ...me, ...mine })).error), ['authentication_failed'],
    'and its token is void');
console.log('done');
