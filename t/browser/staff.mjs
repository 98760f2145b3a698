// SPDX-License-Identifier: Apache-2.0
// What staff does in a browser.
import { done, facts, is, like, ok, person } from './browser.mjs';

const PASSWORD = 'Blue-Tree-71x';

const chief = await person({ width: 360, scripts: false });
await chief.go('sign-in/');
await chief.fill({ username: facts.username, password: facts.password });
await chief.submit();
await chief.follow('Administration');
is(await chief.text('h1'), 'Accounts', 'staff finds its pages');
await chief.look('staff-list');

// --- somebody new ---------------------------------------------------------------------------------------------------

await chief.follow('New account');
await chief.look('staff-new');
await chief.walk('staff-new');
await chief.fill({ username: 'bob', email: 'bob', password: 'bob' });
is(await chief.submit('Create account'), 400, 'a faulty address is refused');
await chief.look('staff-new-refused');
await chief.fill({ email: 'bob@example.org', first_name: 'Bob', password: PASSWORD });
is(await chief.submit('Create account'), 200, 'the account is made');
like(await chief.text('[role="status"]'), /account is created/, 'the page says so');
await chief.go('staff/new/');
await chief.fill({ username: 'carol', email: 'carol@example.org' });
is(await chief.submit('Create account'), 200, 'without a password the person is invited');
like(await chief.text('[role="status"]'), /invitation/, 'the page says so');

const bob = await person();
await bob.go('sign-in/');
await bob.fill({ username: 'bob', password: PASSWORD });
await bob.submit();
is(await bob.text('h1'), 'Your account', 'bob signs in');
is(await bob.go('staff/'), 403, 'he does not see the pages of staff');
await bob.look('staff-forbidden');

// --- groups ---------------------------------------------------------------------------------------------------------

await chief.follow('Groups');
await chief.fill({ name: 'editors' });
is(await chief.submit('Create group'), 200, 'a group is made');
await chief.look('staff-groups');
await chief.follow('editors');
await chief.fill({ username: 'bob' });
is(await chief.submit(/^Add$/), 200, 'bob is added');
await chief.look('staff-group');
await bob.go(facts.shut);
ok(bob.status !== 403, 'he may go where the group may');

// --- an account -----------------------------------------------------------------------------------------------------

await chief.follow('Accounts');
await chief.fill({ search: 'bo' });
await chief.submit('Search');
is(await chief.evaluate('document.querySelectorAll("tbody tr").length'), 1, 'a search finds bob alone');
await chief.look('staff-search');
await chief.follow('bob');
is(await chief.text('h1'), 'bob', 'this is his account');
like(await chief.text('main'), /editors/, 'it shows his group');
like(await chief.text('main'), /Chrome on Linux/, 'and his device');
await chief.look('staff-account');
await chief.walk('staff-account');
await chief.fill({ last_name: 'Builder' });
is(await chief.submit('Save'), 200, 'his name is changed');
is(await chief.value('last_name'), 'Builder', 'it is shown');
is(await chief.submit('Mark address as confirmed'), 200, 'his address counts as confirmed');
is(await chief.submit('Switch off'), 200, 'his account is switched off');
like(await chief.text('main .head'), /switched off/, 'the page shows it');
await bob.go('');
is(await bob.text('h1'), 'Sign in', 'bob is signed out');
is(await chief.submit('Switch on'), 200, 'his account is switched on');
is(await chief.submit('Make administrator'), 200, 'he becomes staff');
like(await chief.text('main .head'), /administrator/, 'the page shows it');
await chief.page.locator('summary', { hasText: 'Delete this account' }).click();
is(await chief.submit(/^Delete this account$/), 400, 'deleting has to be confirmed');
ok(await chief.page.locator('[name="confirm"]').isVisible(), 'the box is in sight');
await chief.look('staff-delete-refused');
await chief.fill({ confirm: true });
is(await chief.submit(/^Delete this account$/), 200, 'the account is deleted');
is(await chief.text('[role="status"]'), 'The account is deleted.', 'the page says so');

// --- mails, throttles, health ---------------------------------------------------------------------------------------

await chief.follow('Mail queue');
await chief.look('staff-mails');
like(await chief.text('tbody'), /carol@example\.org/, 'the invitation waits, because there is no mail server');
is(await chief.submit('Try now'), 200, 'it is tried again');
// A mail that is just being tried cannot be discarded.
const discard = chief.page.locator('summary', { hasText: 'Discard' });
for (let tries = 0; tries < 100 && !await discard.count(); tries++) {
    await chief.page.waitForTimeout(200);
    await chief.page.reload();
}
await discard.first().click();
is(await chief.submit('Discard this mail'), 200, 'it is discarded');
await chief.follow('Refused tries');
await chief.look('staff-throttle');
await chief.fill({ name: 'bob' });
is(await chief.submit('Allow again'), 200, 'somebody who was refused may try again');
await chief.follow('Health');
await chief.look('staff-health');

// --- at a desk, in French -------------------------------------------------------------------------------------------

const desk = await person({ locale: 'fr-FR', scheme: 'dark' });
await desk.go('sign-in/');
await desk.fill({ username: facts.username, password: facts.password });
await desk.submit();
for (const path of ['staff/', 'staff/new/', 'staff/groups/', 'staff/mails/', 'staff/throttle/', 'staff/health/']) {
    is(await desk.go(path), 200, `${path} in French`);
    is(await desk.evaluate('document.documentElement.lang'), 'fr', 'it says so');
    await desk.look(path.slice(0, -1).replace('/', '-'));
}

await done();
