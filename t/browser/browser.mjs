// SPDX-License-Identifier: Apache-2.0
// People at a browser: Debian's chromium, driven by playwright-core, with axe-core for accessibility. A script of this
// folder imports it, is started by t/lib/UmBrowser.pm with what it has to know in the environment (facts), and prints a
// line a check, "ok - NAME" or "not ok - NAME" with what was seen behind it.
//
//   const alice = await person({ width: 360, scripts: false });
//   await alice.go('sign-in/');  await alice.fill({ username: 'alice', password: '...' });  await alice.submit();
//   is(await alice.text('h1'), 'Your account', 'alice is in');
//
// Each page that a person gets is looked at: its weight, what it loads and that it breaks no rule of its own CSP.
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

export const facts = JSON.parse(process.env.UM_BROWSER_FACTS);

const from_npm = createRequire(`${facts.packages}/`);
const { chromium } = (await import(pathToFileURL(from_npm.resolve('playwright-core')))).default;
const axe = readFileSync(from_npm.resolve('axe-core/axe.min.js'), 'utf8');

const PATIENCE = 60000;         // ms, for a page; more than any needs on a loaded machine
const WEIGHT = 30 * 1024;       // bytes of a page
const TARGET = 24;              // pixels: WCAG 2.2, 2.5.8
const NARROWEST = 320;          // pixels of width: WCAG 2.2, 1.4.10

// --- checks ---------------------------------------------------------------------------------------------------------

export function ok(good, name, seen = '')
{
    console.log(`${good ? 'ok' : 'not ok'} - ${name}`);
    if (!good && seen !== '') {
        console.log(String(seen).replace(/^/gm, '# '));
    }
    return good;
}

export function is(got, expected, name)
{
    return ok(got === expected, name, `${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
}

export function like(got, pattern, name)
{
    return ok(pattern.test(got), name, `${JSON.stringify(got)}, expected ${pattern}`);
}

// --- the browser ----------------------------------------------------------------------------------------------------

// Without the sandbox, which needs rights that not every machine gives: all pages are our own.
const browser = await chromium.launch({
    executablePath: facts.chromium,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
});
mkdirSync(facts.screenshots, { recursive: true });

// Somebody with cookies of their own. width in pixels; scripts: whether JavaScript is on; scheme: light or dark;
// locale: of Accept-Language; others: whether they visit other sites, too.
export async function person({ width = 1280, scripts = true, scheme = 'light', locale = 'en-GB', others = false } = {})
{
    const context = await browser.newContext({ viewport: { width, height: width < 600 ? 740 : 900 },
        javaScriptEnabled: scripts, colorScheme: scheme, locale, reducedMotion: 'reduce' });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const kind = [width, ...scheme === 'dark' ? ['dark'] : [], ...scripts ? [] : ['no-scripts']].join('-');
    return new Person(context, page, { width, scripts, others, kind });
}

// The last thing that a script does.
export async function done()
{
    await browser.close();
    console.log('done');
}

class Person {
    constructor(context, page, traits)
    {
        Object.assign(this, { context, page, traits, status: 0 }, traits);
        this.#watch(page);
    }

    #watch(page)
    {
        page.on('console', (message) => {
            if (!this.others && /Content Security Policy|Refused to/.test(message.text())) {
                ok(false, `${page.url()}: keeps to its CSP`, message.text());
            }
        });
        page.on('request', (request) => {
            if (!this.others && !request.url().startsWith(facts.base) && !request.url().startsWith('data:')) {
                ok(false, `${page.url()}: loads nothing from elsewhere`, request.url());
            }
        });
        page.on('response', (response) => {
            if (response.request().isNavigationRequest()) {
                this.status = response.status();
                this.headers = response.headers();
                // A redirect has no body.
                if (this.status < 300 || this.status > 399) {
                    response.body().then((body) => {
                        if (body.length > WEIGHT) {
                            ok(false, `${response.url()}: is small`, `${body.length} bytes`);
                        }
                    }, () => {});
                }
            }
        });
    }

    // Another tab of the same browser.
    async tab()
    {
        return new Person(this.context, await this.context.newPage(), this.traits);
    }

    // What another site answers at a URL.
    site(url, body)
    {
        return this.context.route(url, (route) => route.fulfill({ contentType: 'text/html', body }));
    }

    // A page of the pages' own path, or another path of the host if it begins with "/". Returns its status.
    async go(path = '')
    {
        await this.page.goto(path.startsWith('/') ? facts.base + path : facts.base + facts.path + path);
        return this.status;
    }

    // Where the person is, as a path with its query.
    where()
    {
        return this.page.url().slice(facts.base.length);
    }

    // Types into the fields of these names. A box is ticked by true.
    async fill(fields)
    {
        for (const [name, value] of Object.entries(fields)) {
            const field = this.page.locator(`main [name="${name}"]:not([type="hidden"]):visible`).first();
            if (typeof value === 'boolean') {
                await field.setChecked(value);
            } else if (await field.evaluate((element) => element.tagName) === 'SELECT') {
                await field.selectOption(value);
            } else {
                await field.fill(value);
            }
        }
    }

    // Presses the button of this name, or the first of the page's content, and waits for the page behind it.
    async submit(name)
    {
        const all = this.page.locator(name === undefined ? 'main button' : 'button', { hasText: name });
        await this.#leave(() => all.first().click());
        return this.status;
    }

    // Follows the link with this text.
    async follow(text)
    {
        await this.#leave(() => this.page.locator('a', { hasText: text }).first().click());
        return this.status;
    }

    async #leave(act)
    {
        await Promise.all([this.page.waitForEvent('domcontentloaded'), act()]);
        await this.page.waitForLoadState('load');
    }

    async back()
    {
        await this.page.goBack();
        return this.status;
    }

    // The text of the first element, or "".
    async text(selector)
    {
        const found = this.page.locator(selector).first();
        return await found.count() ? (await found.innerText()).trim().replace(/\s+/g, ' ') : '';
    }

    value(name)
    {
        return this.page.locator(`main [name="${name}"]:visible`).first().inputValue();
    }

    // What the fields of the page's content tell password managers and phones, as "NAME=VALUE ...".
    autocomplete()
    {
        return this.evaluate(`[...document.querySelectorAll('main [autocomplete]')].filter((one) => one.name)
            .map((one) => one.name + '=' + one.getAttribute('autocomplete')).join(' ')`);
    }

    async cookies()
    {
        return Object.fromEntries((await this.context.cookies()).map((cookie) => [cookie.name, cookie]));
    }

    screenshot(name)
    {
        const path = `${facts.screenshots}/${facts.database}-${name}-${this.kind}.png`;
        return this.page.screenshot({ fullPage: true, path });
    }

    // Runs an expression on the page, past its CSP. Where scripts are off, they are on for as long as it takes, because
    // axe-core needs timers.
    async evaluate(expression)
    {
        this.session ??= await this.context.newCDPSession(this.page);
        await this.#allow_scripts(true);
        const answer = await this.session.send('Runtime.evaluate', { expression, awaitPromise: true,
            returnByValue: true, allowUnsafeEvalBlockedByCSP: true });
        await this.#allow_scripts(false);
        if (answer.exceptionDetails) {
            throw new Error(`${expression.slice(0, 60)}: ${answer.exceptionDetails.exception?.description}`);
        }
        return answer.result.value;
    }

    async #allow_scripts(allow)
    {
        if (!this.scripts) {
            await this.session.send('Emulation.setScriptExecutionDisabled', { value: !allow });
        }
    }

    // Whether what has the focus is one that the selector means, as soon as the page has given it the focus.
    async has_focus(selector)
    {
        const expression = `document.activeElement.matches(${JSON.stringify(selector)})`;
        for (const end = Date.now() + PATIENCE / 10; Date.now() < end;) {
            if (await this.evaluate(expression)) {
                return true;
            }
            await sleep(50);
        }
        return false;
    }

    // Everything that can be seen of the page as it is: axe-core, targets, width, and a picture. A page looks the same
    // on each database, so it is looked at and walked through on one of them.
    async look(name)
    {
        if (!facts.looks) {
            return;
        }
        await this.evaluate(`${axe}; true`);
        const violations = await this.evaluate(`axe.run({ resultTypes: ['violations'] }).then((result) =>
            result.violations.map((rule) => rule.id + ' ' +
                rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')))`);
        is(violations.join('\n'), '', `${name} (${this.kind}): axe finds nothing`);
        is((await this.evaluate(SMALL)).join(', '), '', `${name} (${this.kind}): targets are large enough`);
        for (const width of this.width < 600 ? [NARROWEST, this.width] : [this.width]) {
            await this.page.setViewportSize({ ...this.page.viewportSize(), width });
            ok(await this.evaluate('document.documentElement.scrollWidth <= innerWidth'),
                `${name} (${this.kind}): nothing has to be scrolled sideways at ${width}`);
        }
        await this.screenshot(name);
    }

    // Walks through the page by the Tab key: everything that can be used is reached, in the order of the page, and
    // shows that it has the focus.
    async walk(name)
    {
        if (!facts.looks) {
            return;
        }
        const all = await this.evaluate(`${FOCUS}; focus_all()`);
        const reached = [];
        for (let i = 0; i <= all.length && new Set(reached.map((one) => one.number)).size < all.length; i++) {
            await this.page.keyboard.press('Tab');
            const at = await this.evaluate('focus_at()');
            if (at) {
                reached.push(at);
            }
        }
        const numbers = reached.map((one) => one.number);
        const start = numbers.indexOf(0);
        is([...numbers.slice(start), ...numbers.slice(0, start)].join(' '), all.map((_, i) => i).join(' '),
            `${name} (${this.kind}): Tab reaches ${all.length} things in the order of the page`);
        is(reached.filter((one) => !one.visible).map((one) => one.name).join(', '), '',
            `${name} (${this.kind}): the focus can be seen`);
    }

    // Types into what has the focus, and presses a key, as somebody without a mouse does.
    async type(text)
    {
        await this.page.keyboard.type(text);
    }

    async key(name)
    {
        await this.page.keyboard.press(name);
    }

    async key_to_next_page(name)
    {
        await this.#leave(() => this.page.keyboard.press(name));
        return this.status;
    }

    close()
    {
        return this.context.close();
    }
}

// Links inside a sentence may be small. A label is the target of its box, too.
const SMALL = `[...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]
    .filter((one) => !(one.tagName === 'A' && getComputedStyle(one).display === 'inline' && one.closest('p, li')))
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([one, box]) => box.width > 2 && box.height > 2 && box.bottom > 0
        && (box.width < ${TARGET} || box.height < ${TARGET} - 0.5))
    .map(([one, box]) => (one.textContent.trim() || one.name) + ' ' + box.width + 'x' + box.height)`;

const FOCUS = `
    var focus_list = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
        .filter((one) => one.checkVisibility({ visibilityProperty: true }));
    var focus_name = (one) => one.id || one.name || one.textContent.trim();
    var focus_all = () => focus_list.map(focus_name);
    var focus_at = () => {
        const one = document.activeElement, style = getComputedStyle(one), number = focus_list.indexOf(one);
        return number < 0 ? null : { number, name: focus_name(one),
            visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
    }; true`;

// --- mails ----------------------------------------------------------------------------------------------------------

// The link in the newest mail to an address that has one of this form, as soon as it is there.
export async function link_of_mail(address, pattern)
{
    for (const end = Date.now() + PATIENCE; Date.now() < end;) {
        for (const file of readdirSync(facts.mails).filter((name) => name.endsWith('.eml')).sort().reverse()) {
            const text = readFileSync(`${facts.mails}/${file}`, 'utf8').replace(/=\r?\n/g, '').replace(/=3D/g, '=');
            const found = text.includes(address) && text.match(pattern);
            if (found) {
                return found[0];
            }
        }
        await sleep(100);
    }
    throw new Error(`no mail to ${address} with ${pattern}`);
}
