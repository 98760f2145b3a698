// SPDX-License-Identifier: Apache-2.0
// What people do with their account in a browser.
import { done, facts, is, like, link_of_mail, ok, person } from './browser.mjs';

const PASSWORD = 'Blue-Tree-71x', SECOND = 'Red-River-82y', THIRD = 'Green-Hill-93z';

// --- the sign-in page, at both widths, with and without scripts, light and dark --------------------------------------

for (const [kind, walks] of [[{ width: 360 }, true], [{ width: 1280 }, false],
    [{ width: 360, scripts: false, scheme: 'dark' }, false], [{ width: 1280, scripts: false }, true]]) {
    const visitor = await person(kind);
    is(await visitor.go('sign-in/'), 200, `the sign-in page is there (${visitor.kind})`);
    await visitor.look('sign-in');
    if (walks) {
        await visitor.walk('sign-in');
    }
    await visitor.fill({ username: 'nobody', password: PASSWORD });
    is(await visitor.submit(), 400, 'a wrong name is refused');
    is(await visitor.value('username'), 'nobody', 'what was typed is still there');
    is(await visitor.value('password'), '', 'the password is not');
    ok(await visitor.has_focus('[role="alert"]'), 'the focus is on the errors');
    like(await visitor.page.title(), /^Error: /, 'the title says so');
    if (!walks) {
        await visitor.look('sign-in-refused');
    }
    await visitor.close();
}

// --- registering, on a phone without scripts -------------------------------------------------------------------------

const alice = await person({ width: 360, scripts: false });
await alice.go(facts.place);
is(await alice.text('h1'), 'Sign in', 'who wants to see a protected place is asked to sign in');
await alice.follow('Create an account');
is(await alice.text('h1'), 'Create an account', 'the sign-in page leads to registration');
await alice.look('register');
await alice.walk('register');
is(await alice.autocomplete(), 'username=username email=email password=new-password first_name=given-name '
    + 'last_name=family-name', 'password managers and phones know the fields');
await alice.fill({ username: 'alice', password: 'alice', email: 'alice' });
is(await alice.submit(), 400, 'a short password and no address are refused');
is(await alice.evaluate('[...document.querySelectorAll("[aria-invalid]")].map((one) => one.name).join(" ")'),
    'email password', 'both fields are marked');
await alice.look('register-refused');
await alice.page.locator('[role="alert"] a').first().click();
ok(await alice.has_focus('[name="email"]'), 'the summary of errors leads to the field');
like(await alice.evaluate('document.activeElement.getAttribute("aria-describedby")'), /email-error/,
    'the error is read with the field');
await alice.fill({ password: PASSWORD, email: 'alice@example.org', first_name: 'Alice' });
is(await alice.submit(), 200, 'the account is made');
is(alice.where(), facts.place, 'alice is where she wanted to be');
await alice.go('');
is(await alice.text('h1'), 'Your account', 'she is signed in');
like(await alice.text('header'), /alice/, 'the page says who is signed in');
ok(Object.values(await alice.cookies()).every((one) => one.httpOnly && one.sameSite === 'Lax' && one.path === '/'),
    'the cookies are out of reach of scripts and of other sites');

// --- wandering -------------------------------------------------------------------------------------------------------

is(await alice.go(facts.shut), 403, 'a place for a group that alice is not in');
is(await alice.text('h1'), 'No access', 'the page says so');
like(await alice.text('main'), /alice/, 'it says who she is');
await alice.look('forbidden');
await alice.follow('Sign in as somebody else');
is(await alice.text('h1'), 'Sign in', 'she can sign in as somebody else');
is(await alice.value('username'), '', 'whose name she types');
await alice.go('');
for (const [link, heading, name] of [['Profile', 'Your account', 'profile'], ['Email', 'Email address', 'email'],
    ['Password', 'Change password', 'password'], ['Devices', 'Devices', 'sessions'],
    ['Activity', 'Activity', 'events']]) {
    is(await alice.follow(link), 200, `${heading}: the page is there`);
    is(await alice.text('h1'), heading, `${heading}: it is the right one`);
    is(await alice.text('nav [aria-current="page"]'), link, `${heading}: the navigation shows where alice is`);
    await alice.look(name);
}
await alice.walk('events');
await alice.go('');
await alice.fill({ first_name: '<b>Alice</b> "{site}"', last_name: 'Ärger & Söhne' });
is(await alice.submit('Save'), 200, 'names are saved');
is(await alice.text('[role="status"]'), 'Your changes are saved.', 'the page says so');
is(await alice.value('first_name'), '<b>Alice</b> "{site}"', 'markup in a name stays text');
is(await alice.evaluate('document.querySelectorAll("main b").length'), 0, 'it is no markup of the page');
await alice.page.reload();
is(await alice.status, 200, 'a reload sends nothing twice');
is(await alice.go('sign-in/'), 200, 'somebody who is signed in');
is(alice.where(), facts.path, 'need not sign in');
is(await alice.go('nowhere/'), 404, 'a page that does not exist');
await alice.look('not-found');

// --- the password, and another device --------------------------------------------------------------------------------

const desk = await person({ width: 1280 });
await desk.go('sign-in/');
// Without a mouse.
ok(await desk.has_focus('[name="username"]'), 'the first field has the focus');
await desk.type('alice');
await desk.key('Tab');
await desk.type(PASSWORD);
is(await desk.key_to_next_page('Enter'), 200, 'alice signs in at her desk by the keyboard alone');
is(desk.where(), facts.path, 'and is at her account');
await desk.follow('Devices');
is(await desk.evaluate('document.querySelectorAll(".rows > li").length'), 2, 'both devices are listed');
await desk.look('sessions');

await alice.go('password/');
is(await alice.autocomplete(), 'username=username old_password=current-password new_password=new-password',
    'password managers know whose passwords these are');
await alice.fill({ old_password: 'wrong', new_password: SECOND });
is(await alice.submit(), 400, 'a wrong old password is refused');
await alice.look('password-refused');
await alice.fill({ old_password: PASSWORD, new_password: SECOND });
is(await alice.submit(), 200, 'the password is changed');
like(await alice.text('[role="status"]'), /password is changed/, 'the page says so');
is(await alice.go(facts.place), 200, 'alice goes on');
await desk.go('');
is(await desk.text('h1'), 'Sign in', 'the other device is signed out');
await desk.fill({ username: 'alice', password: SECOND });
await desk.submit();
is(await desk.text('h1'), 'Your account', 'the new password signs in');
await desk.look('profile');
await alice.go('sessions/');
is(await alice.submit('Sign out all other devices'), 200, 'other devices can be signed out');
await desk.go('events/');
is(await desk.text('h1'), 'Sign in', 'they are');

// --- a forgotten password --------------------------------------------------------------------------------------------

await desk.follow('Forgotten');
await desk.look('forgot');
await desk.fill({ email: 'alice@example.org' });
is(await desk.submit(), 200, 'a mail is asked for');
like(await desk.text('[role="status"]'), /a mail is on its way/, 'the page does not say whether there is an account');
const link = await link_of_mail('alice@example.org', /https:\/\/\S+\/reset\/\?token=[\w-]{43}/);
is(await desk.go(new URL(link).pathname + new URL(link).search), 200, 'the link of the mail is a page');
await desk.look('reset');
is(await desk.autocomplete(), 'password=new-password', 'password managers know the new password');
await desk.fill({ password: THIRD });
is(await desk.submit(), 200, 'the new password is set');
is(await desk.text('h1'), 'Sign in', 'one has to sign in with it');
await desk.go(new URL(link).pathname + new URL(link).search);
like(await desk.text('main'), /no longer works/, 'the link works once');
await desk.look('reset-used');

// --- signing out -----------------------------------------------------------------------------------------------------

await desk.go('sign-in/');
await desk.fill({ username: 'alice', password: THIRD });
await desk.submit();
await desk.go('events/');
is(await desk.submit('Sign out'), 200, 'alice signs out');
is(await desk.text('[role="status"]'), 'You are signed out.', 'the page says so');
await desk.back();
is(await desk.text('h1'), 'Sign in', 'the back button shows nothing of hers');
await desk.go(facts.place);
is(await desk.text('h1'), 'Sign in', 'the protected place is shut');

// --- deleting the account, in another language -----------------------------------------------------------------------

const german = await person({ width: 360, locale: 'de-DE' });
await german.go('sign-in/');
is(await german.text('h1'), 'Anmelden', 'a German browser gets German');
is(await german.evaluate('document.documentElement.lang'), 'de', 'and a screen reader reads it so');
await german.fill({ username: 'alice', password: THIRD });
await german.submit();
await german.follow('Dein Konto löschen');
await german.look('delete-de');
is(await german.submit('Konto löschen'), 400, 'deleting has to be confirmed');
await german.fill({ confirm: true });
is(await german.submit('Konto löschen'), 200, 'the account is deleted');
is(await german.text('[role="status"]'), 'Dein Konto ist gelöscht.', 'the page says so');

await done();
