// SPDX-License-Identifier: Apache-2.0
// What goes wrong while people use the pages: sessions that end in between, other tabs, impatience, other sites.
import { writeFileSync } from 'node:fs';
import { done, facts, is, like, ok, person } from './browser.mjs';

const PASSWORD = 'Blue-Tree-71x';
const MINUTE = 60, HOUR = 60 * MINUTE;
let passed = 0;

// The server's clock goes on by so many seconds.
function wait(seconds)
{
    passed += seconds;
    writeFileSync(facts.clock, `${passed}\n`);
}

async function register(somebody, username)
{
    await somebody.go('register/');
    await somebody.fill({ username, password: PASSWORD });
    await somebody.submit();
    return somebody.text('h1');
}

async function sign_in(somebody, username, more = {})
{
    await somebody.fill({ username, password: PASSWORD, ...more });
    await somebody.submit();
}

// --- away past the life of a token ----------------------------------------------------------------------------------

const bob = await person({ width: 360 });
is(await register(bob, 'bob'), 'Your account', 'bob has an account');
const before = await bob.cookies();
ok(Object.values(before).every((one) => one.expires === -1), 'who need not stay has cookies until the browser ends');
wait(2 * HOUR);
is(await bob.go('events/'), 200, 'bob goes on after his token has expired');
const after = await bob.cookies();
ok(after.usermgmt && after.usermgmt.value !== before.usermgmt.value, 'he has a new token');
wait(24 * HOUR);
is(await bob.go(facts.place), 200, 'and goes on at the protected place');

// --- the session ends while a form is filled in ---------------------------------------------------------------------

await bob.go('');
await bob.fill({ first_name: 'Robert', last_name: 'Example' });
const other = await bob.tab();
await other.go('');
await other.submit('Sign out');
is(await other.text('h1'), 'Sign in', 'bob signs out in another tab');
is(await bob.submit('Save'), 403, 'the form of the first tab is refused');
is(await bob.value('first_name'), 'Robert', 'what was typed is still there');
await bob.look('session-ended');
await sign_in(other, 'bob', { stay: true });
is(await other.text('h1'), 'Your account', 'bob signs in in the other tab');
ok((await bob.cookies()).usermgmt.expires > 0, 'who wants to stay has cookies for longer');
is(await bob.submit('Save'), 200, 'then the first tab can save');
is(await bob.text('[role="status"]'), 'Your changes are saved.', 'the page says so');
is(await bob.value('first_name'), 'Robert', 'the name is the one that was typed');

// --- an act that asks for a recent sign-in --------------------------------------------------------------------------

wait(16 * MINUTE);
await bob.go('delete/');
await bob.fill({ confirm: true });
await bob.submit('Delete account');
like(bob.where(), /sign-in\/\?again=1/, 'deleting the account asks for the password again when the sign-in is old');
is(await bob.value('username'), 'bob', 'the name need not be typed');
await bob.look('sign-in-again');
await bob.fill({ password: PASSWORD });
await bob.submit();
is(await bob.text('h1'), 'Delete account', 'bob is back where he was');
await bob.fill({ confirm: true });
await bob.submit('Delete account');
is(await bob.text('[role="status"]'), 'Your account is deleted.', 'and deletes his account');

// --- the back button, and two tabs with one form --------------------------------------------------------------------

const carol = await person();
is(await register(carol, 'carol'), 'Your account', 'carol has an account');
await carol.back();
await carol.go('sign-in/');
is(await carol.text('h1'), 'Your account', 'somebody who is signed in is not asked again');
await carol.submit('Sign out');
const first = carol, second = await carol.tab();
await first.go('sign-in/');
await second.go('sign-in/');
await sign_in(second, 'carol');
await sign_in(first, 'carol');
is(await first.text('h1'), 'Your account', 'a form that was open before somebody signed in in another tab works');

// --- impatience -----------------------------------------------------------------------------------------------------

const dora = await person();
await dora.go('register/');
await dora.fill({ username: 'dora', password: PASSWORD });
await dora.page.locator('main button').dblclick();
await dora.page.waitForLoadState('load');
const impatient = await person();
await impatient.go('sign-in/');
await sign_in(impatient, 'dora');
is(await impatient.text('h1'), 'Your account', 'a double click on the button of registration makes the account');

// --- without cookies ------------------------------------------------------------------------------------------------

const eve = await person();
await eve.go('register/');
await eve.context.clearCookies();
await eve.fill({ username: 'eve', password: PASSWORD });
is(await eve.submit(), 403, 'a form whose cookie is gone is refused');
is(await eve.value('username'), 'eve', 'what was typed is still there');
await eve.look('form-refused');
await eve.fill({ password: PASSWORD });
is(await eve.submit(), 200, 'it can be sent again');
is(await eve.text('h1'), 'Your account', 'and eve has an account');

// --- other sites ----------------------------------------------------------------------------------------------------

const victim = await person({ others: true });
await register(victim, 'victim');
await victim.site('http://evil.test.example/form', `<form method="post" action="${facts.base}${facts.path}">
    <input name="first_name" value="Mallory"></form><script>document.forms[0].submit()</script>`);
await victim.page.goto('http://evil.test.example/form');
await victim.page.waitForURL(`${facts.base}/**`);
await victim.go('');
is(await victim.value('first_name'), '', 'another site cannot send a form in the name of somebody');
await victim.site('http://evil.test.example/sign-in', `<form method="post" action="${facts.base}${facts.path}sign-in/">
    <input name="username" value="dora"><input name="password" value="${PASSWORD}"></form>
    <script>document.forms[0].submit()</script>`);
await victim.page.goto('http://evil.test.example/sign-in');
await victim.page.waitForURL(`${facts.base}/**`);
await victim.go('');
like(await victim.text('header'), /victim/, 'nor sign somebody in as another');
await victim.site('http://evil.test.example/frame', `<h1>Win</h1>
    <iframe src="${facts.base}${facts.path}delete/"></iframe>`);
await victim.page.goto('http://evil.test.example/frame');
await victim.page.waitForLoadState('load');
ok(victim.page.frames().every((frame) => !frame.url().startsWith(facts.base)), 'nor show a page inside its own',
    victim.page.frames().map((frame) => frame.url()).join(' '));

await done();
