// SPDX-License-Identifier: Apache-2.0
// A closed site: three static pages and an application behind httpd, which learns who calls from headers.
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
import { done, facts, is, like, link_of_mail, ok, person } from './browser.mjs';

const FIRST = 'Blue-Tree-71x', SECOND = 'Red-River-82y', THIRD = 'Green-Hill-93z';
const HOUR = 3600;
let passed = 0;

// The server's clock goes on by so many seconds.
function wait(seconds)
{
    passed += seconds;
    writeFileSync(facts.clock, `${passed}\n`);
}

const application = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><title>Wiki</title><h1>Wiki</h1><p>${request.headers['x-usermgmt-username']}</p>`
        + `<pre>${request.headers.cookie || ''}</pre>`);
}).listen(facts.application, '127.0.0.1');

async function sign_in(somebody, username, password)
{
    await somebody.fill({ username, password });
    return somebody.submit();
}

// The link of a mail, as a path of this host.
async function path_of_mail(address, pattern)
{
    const url = new URL(await link_of_mail(address, pattern));
    return url.pathname + url.search;
}

// --- registering, and verifying the address --------------------------------------------------------------------------

const mia = await person({ width: 360, scripts: false });
is(await mia.go('/'), 200, 'the first page is open');
is(await mia.text('h1'), 'Welcome', 'it is the page of the site');
await mia.go('/members/minutes.html');
is(await mia.text('h1'), 'Sign in', 'the others lead to the sign-in page');
await mia.follow('Create an account');
await mia.fill({ username: 'mia', password: FIRST, email: 'mia@example.org' });
await mia.submit();
like(await mia.text('[role="status"]'), /almost ready/, 'the address has to be confirmed');
await mia.go(await path_of_mail('mia@example.org', /https:\/\/\S+\/verify\/\?token=[\w-]{43}/));
await mia.submit();
like(await mia.text('[role="status"]'), /is confirmed/, 'the link of the mail confirms it');

// --- signing in, and wandering ---------------------------------------------------------------------------------------

await mia.go('/members/minutes.html');
await sign_in(mia, 'mia', FIRST);
is(mia.where(), '/members/minutes.html', 'after signing in mia is where she wanted to be');
is(await mia.text('h1'), 'Minutes', 'and reads the page');
is(await mia.go('/members/'), 200, 'she wanders');
is(await mia.follow('Wiki'), 403, 'the wiki is for editors');
like(await mia.text('main'), /mia/, 'the page says who she is');

// --- staff makes her an editor ---------------------------------------------------------------------------------------

const chief = await person();
await chief.go('staff/');
await sign_in(chief, facts.username, facts.password);
is(await chief.text('h1'), 'Accounts', 'staff is at its pages');
await chief.follow('mia');
await chief.fill({ group: 'editors' });
is(await chief.submit(/^Add$/), 200, 'mia becomes an editor');
wait(3);                        // UserMgmtRevocationDelay
is(await mia.go('/wiki/start'), 200, 'now the wiki is open to her');
is(await mia.text('p'), 'mia', 'it knows who she is');
is(await mia.text('pre'), '', 'and gets none of her tokens');

// --- away past the life of the token ---------------------------------------------------------------------------------

wait(3 * HOUR);
is(await mia.go('/wiki/next'), 200, 'after three hours she goes on in the wiki');
is(await mia.go('/members/minutes.html'), 200, 'and on the pages');

// --- the password ----------------------------------------------------------------------------------------------------

const desk = await person();
await desk.go('/members/');
await sign_in(desk, 'mia', FIRST);
is(desk.where(), '/members/', 'mia signs in at her desk, too');
await mia.go('password/');
await mia.fill({ old_password: FIRST, new_password: SECOND });
is(await mia.submit(), 200, 'she changes the password');
wait(3);
await desk.go('/members/');
is(await desk.text('h1'), 'Sign in', 'the desk has to sign in again');
await desk.follow('Forgotten');
await desk.fill({ email: 'mia@example.org' });
await desk.submit();
await desk.go(await path_of_mail('mia@example.org', /https:\/\/\S+\/reset\/\?token=[\w-]{43}/));
await desk.fill({ password: THIRD });
await desk.submit();
like(await desk.text('[role="status"]'), /Your password is set/, 'a forgotten password is replaced');
await desk.go('/wiki/start');
await sign_in(desk, 'mia', THIRD);
is(desk.where(), '/wiki/start', 'with it she is in the wiki again');

// --- signing out everywhere, and staff's last word -------------------------------------------------------------------

await mia.go('sign-in/');
await sign_in(mia, 'mia', THIRD);
await desk.go('sessions/');
is(await desk.submit('Sign out all other devices'), 200, 'all other devices are signed out');
wait(3);
await mia.go('/members/');
is(await mia.text('h1'), 'Sign in', 'the phone is');
await desk.go('events/');
is(await desk.submit('Sign out'), 200, 'and the desk signs out itself');
await desk.go('/members/');
is(await desk.text('h1'), 'Sign in', 'so she is signed out everywhere');
await sign_in(desk, 'mia', THIRD);
await chief.go('staff/');
if (await chief.text('h1') === 'Sign in') {
    await sign_in(chief, facts.username, facts.password);
}
await chief.follow('mia');
await chief.submit('Switch off');
if (await chief.text('h1') === 'Sign in') {     // the sign-in of staff was hours ago
    await chief.fill({ password: facts.password });
    await chief.submit();
    await chief.submit('Switch off');
}
ok(/switched off/.test(await chief.text('[role="status"]')), 'staff switches the account off');
wait(3);
await desk.go('/members/');
is(await desk.text('h1'), 'Sign in', 'and mia is out at once');
await sign_in(desk, 'mia', THIRD);
is(desk.status, 400, 'she cannot sign in');

application.close();
application.closeAllConnections?.();
await done();
