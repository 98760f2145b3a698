#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# docs/static-site.md, docs/application.md, docs/pages.md and docs/balancer.md: a site is closed with the lines that they
# print, their files change the look, and their other lines do what they say. The blocks are taken from the pages; folders,
# addresses and ports are those of the test.
use strict;
use warnings;
use File::Path ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmDocs;
use UmLocations;
use UmMail;
use UmPages;
use UmTest;

my $SOURCES = UmTest::sources();
my $PASSWORD = 'Green-Pond!82y';
my @PAGES = map { "docs/$_.md" } qw(static-site application pages balancer);
my $folder = UmTest::new_folder();
File::Path::make_path("$folder/$_") for qw(etc mail look);

# ---- what the page prints ------------------------------------------------------------------------------------------

my %block;      # by language and the beginning of its text
for my $page (@PAGES) {
    my $all = UmTest::slurp("$SOURCES/$page");
    while ($all =~ /^```(\w+)\n(.*?)^```$/msg) {
        my ($language, $text) = ($1, $2);
        push @{ $block{$language} }, { text => $text };
    }
}

sub block {
    my ($language, $pattern) = @_;
    my @found = grep { $_->{text} =~ $pattern } @{ $block{$language} || [] };
    die scalar(@found) . " blocks of $language match $pattern\n" unless @found == 1;
    $found[0]{is_used} = 1;
    return $found[0]{text};
}

# The module's files, with those that the page prints in their places. A module that is not installed has no folder to
# fall back to (t/unit/test_html.c tries that), so the texts are put among the others here.
sub changed_look {
    my ($look) = @_;
    UmTest::run('cp', glob("$SOURCES/conf/pages/*"), $look);
    UmTest::spew("$look/site.css", block(css => qr{/site\.css}));
    UmTest::spew("$look/header.html", block(html => qr{/header\.html}));
    UmTest::spew("$look/messages.it.txt", block(ini => qr{/messages\.it\.txt}));
    my $texts = UmTest::slurp("$look/messages.en.txt");
    for my $line (grep { /=/ } split /\n/, block(ini => qr{/messages\.en\.txt})) {
        my ($key) = $line =~ /\A(\S+) = /;
        $texts =~ s/^\Q$key\E = .*$/$line/m or die "$key is no text of the pages\n";
    }
    UmTest::spew("$look/messages.en.txt", $texts);
    return;
}

# ---- the site ------------------------------------------------------------------------------------------------------

my $lines = join '', "UserMgmtMail file:$folder/mail\nUserMgmtResetURL auto\nUserMgmtVerifyURL auto\n",
    "UserMgmtPagesTemplates $SOURCES/conf/pages\n", block(apache => qr/^UserMgmt On\n/),
    block(apache => qr{^<Location "/members/">}), block(apache => qr{^<Location "/wiki/">});
$lines =~ s{http://127\.0\.0\.1:9000/}{\${back}/}g;

my %FILES = ('index.html' => 'Open to everybody', 'members/index.html' => 'For members',
    'members/minutes.html' => 'Minutes');
my $site = locations($lines, files => sub {
    my ($pages) = @_;
    mkdir "$pages/files/members" or die "$pages: $!\n";
    UmTest::spew("$pages/files/$_", "<h1>$FILES{$_}</h1>\n") for keys %FILES;
});
my $server = $site->{server};
my $base = "http://127.0.0.1:$server->{port}";
$UmApi::PORT = $server->{port};

local $ENV{PATH} = programs("$server->{folder}/httpd.conf") . ":$ENV{PATH}";

# Runs the block of commands that begins so; its exit code and what it printed.
sub commands {
    my ($begin, $input) = @_;
    my ($found) = grep { index($_->{text}, $begin) == 0 } map { command_blocks($_) } @PAGES;
    die "no commands begin with $begin\n" unless $found;
    block(sh => qr/\A\Q$begin\E/);
    return run_block($found, $folder, sub {
        return $_[0] =~ s{https://www\.example\.org}{$base}gr =~ s{/etc/apache2}{$folder/etc}gr;
    }, $input);
}

# Other lines behind those of the site, from now on.
sub with_lines {
    my ($more) = @_;
    my $file = "$server->{folder}/httpd.conf";
    $site->{first} = UmTest::slurp($file) unless defined $site->{first};
    UmTest::spew($file, $site->{first} . $more);
    ok($server->graceful, 'the server takes the lines') or diag($more);
    return;
}

sub sign_in {
    my ($browser, $name, $password) = @_;
    return $browser->send({ username => $name, password => $password || $PASSWORD });
}

sub link_of_mail {
    my ($address) = @_;
    settle(sql => $site->{database}{sql});
    my @mails = mails_in("$folder/mail", $address);
    return @mails && $mails[-1]{text} =~ m{https?://[^/\s]+(/account/\S+)} ? $1 : '/no/link';
}

# ---- closing it ----------------------------------------------------------------------------------------------------

my ($status, $said) = commands('sudo usermgmt user add alice', "$PASSWORD\n");
is($status, 0, 'the first account of staff is made') or diag($said);
($status, $said) = commands('sudo usermgmt group new editors');
is($status, 0, 'and a group') or diag($said);
($status, $said) = commands('curl -sS -o');
is($said, "401\n200\n", 'scripts get 401, and the sign-in page is there');

case 'alice goes through the site' => sub {
    my $browser = UmPages->new;
    like($browser->go('/')->{body}, qr/Open to everybody/, 'the first page is open');
    my $page = $browser->go('/members/minutes.html?year=2026');
    like($page->{path}, qr{\A/account/sign-in/\?next=}, 'the closed one leads to the sign-in page');
    $page = sign_in($browser, 'alice');
    is($page->{path}, '/members/minutes.html?year=2026', 'after signing in, alice is where she wanted to be');
    like($page->{body}, qr/Minutes/, 'and sees it');
    like($browser->go('/members/')->{body}, qr/For members/, 'the other page is open to her, too');
    my $told = told($browser->go('/wiki/page'));
    is($told->{HTTP_X_USERMGMT_USERNAME}, 'alice', 'the application knows who calls');
    is($told->{HTTP_X_USERMGMT_GROUPS}, 'editors', 'and the groups');
    unlike($told->{HTTP_COOKIE} || '', qr/usermgmt(?:-refresh)?=/, 'it does not get the token');
    $browser->go('/account/sign-out/');
    $browser->send({});
    like($browser->go('/members/')->{path}, qr{/sign-in/}, 'after signing out the pages are closed');
};

case 'bob registers, lacks a group, and resets his password' => sub {
    my $browser = UmPages->new;
    my $page = $browser->go('/members/');
    $page = $browser->go(($page->{body} =~ m{href="(/account/register/[^"]*)"})[0] || '/no/link');
    $page = $browser->send({ username => 'bob', password => $PASSWORD, email => 'bob@example.org' });
    is($page->{path}, '/members/', 'after registering, bob is where he wanted to be');
    $page = $browser->go('/wiki/');
    is($page->{status}, 403, 'the wiki is not for bob');
    like(UmPages::text($page), qr/\bbob\b/, 'the page says who is signed in');
    my ($again) = map { UmPages::unescape($_) } $page->{body} =~ m{href="(/account/sign-in/[^"]*)"};
    $browser->go($again || '/no/link');
    $page = sign_in($browser, 'alice');
    is($page->{path}, '/wiki/', 'somebody else can sign in there') or diag(UmPages::text($page));
    $browser = UmPages->new;
    $browser->go('/account/forgot/');
    $browser->send({ email => 'bob@example.org' });
    $page = $browser->go(link_of_mail('bob@example.org'));
    is($page->{status}, 200, 'the link of the mail leads to the page for a new password');
    $page = $browser->send({ password => "$PASSWORD-2" });
    is($page->{path}, '/account/sign-in/?done=password_set', 'the new password is set') or diag(UmPages::text($page));
    is(sign_in($browser, 'bob', "$PASSWORD-2")->{path}, '/account/', 'bob signs in with it');
};

# ---- which pages there are -----------------------------------------------------------------------------------------

# Somebody who is signed in.
sub visitor {
    my ($name) = @_;
    my $browser = UmPages->new;
    $browser->go('/account/sign-in/');
    sign_in($browser, $name);
    return $browser;
}

case 'the pages are there for those whom the table names' => sub {
    my $dora = enrol('dora');
    my %member = (nobody => UmPages->new, dora => UmPages->new, alice => visitor('alice'));
    $member{dora}->go('/account/sign-in/');
    sign_in($member{dora}, 'dora', $dora->{password});
    my ($section) = UmTest::slurp("$SOURCES/docs/pages.md") =~ /^## Which pages there are\n(.*?)^## /ms;
    my $count = 0;
    while ($section =~ /^\| (?:`[^|]*`|the path itself) +\| (\w+(?: in)?) +\|.*$/mg) {
        my ($who, $row) = ($1, $&);
        my @paths = $row =~ /`([\w\/-]+\/)`/g;
        for my $path (@paths ? @paths : '') {
            my $query = $path =~ m{account/|/events/} ? "?id=$dora->{id}"
                : $path eq 'staff/group/' ? '?group=editors' : '';
            my %seen;
            for my $name (sort keys %member) {
                my $page = $member{$name}->go("/account/$path$query");
                $seen{$name} = $page->{path} =~ m{\A/account/sign-in/\?next=} ? 'sign-in' : $page->{status};
            }
            my $wanted = $who eq 'everybody' ? 'alice 200, dora 200, nobody 200'
                : $who eq 'staff' ? 'alice 200, dora 403, nobody sign-in' : 'alice 200, dora 200, nobody sign-in';
            $wanted =~ s/200/404/g if $path eq 'verify/again/';     # this site verifies no addresses
            is(join(', ', map { "$_ $seen{$_}" } sort keys %seen), $wanted, "/account/$path: $who");
            $count++;
        }
    }
    cmp_ok($count, '>=', 22, 'the table has its rows');
};

# ---- who may have an account ---------------------------------------------------------------------------------------

my %EFFECT = (
    'UserMgmtRegistration' => sub {
        unlike($_[0]->go('/account/sign-in/')->{body}, qr{/register/}, 'no page leads to registration');
    },
    'UserMgmtEmailVerification required' => sub {
        my ($browser) = @_;
        $browser->go('/account/register/');
        my $page = $browser->send({ username => 'carol', password => $PASSWORD, email => 'carol@example.org' });
        is($page->{path}, '/account/sign-in/?done=check_mail', 'the account waits');
        isnt(sign_in($browser, 'carol')->{path}, '/account/', 'nobody can sign in to it');
        $browser->go(link_of_mail('carol@example.org'));
        is($browser->send({})->{path}, '/account/sign-in/?done=verified', 'the link of the mail confirms the address');
        is(sign_in($browser, 'carol')->{path}, '/account/', 'then it is usable');
    },
    'UserMgmtEmailChange confirm' => sub {
        my ($browser) = @_;
        $browser->go('/account/sign-in/');
        sign_in($browser, 'alice');
        $browser->go('/account/email/');
        my $page = $browser->send({ email => 'alice2@example.org' });
        is($page->{path}, '/account/email/?done=email_pending', 'a new address waits for its confirmation');
        like(UmPages::text($page), qr/alice\@example\.org/, 'the old one stays');
    },
    'UserMgmtProfile phone' => sub {
        like($_[0]->go('/account/register/')->{body}, qr/name="phone"/, 'there is one more field');
    },
    'UserMgmtMail none' => sub {
        unlike($_[0]->go('/account/sign-in/')->{body}, qr{/forgot/|/verify/}, 'no page leads to mails');
    },
);

case 'lines change who may have an account' => sub {
    my ($section) = UmTest::slurp("$SOURCES/docs/static-site.md") =~ /^## Who may have an account\n(.*?)^## /ms;
    my @rows = $section =~ /^\| `(UserMgmt\w+ [^`]+)` /mg;
    cmp_ok(scalar @rows, '>=', 7, 'the table has its rows');
    for my $row (@rows) {
        my ($effect) = grep { index($row, $_) == 0 } sort keys %EFFECT;
        subtest $row => sub {
            with_lines("$row\n");
            $effect ? $EFFECT{$effect}->(UmPages->new) : fail('its effect is not known here');
        };
    }
};

# ---- the rest ------------------------------------------------------------------------------------------------------

case 'staff pages can be closed to other networks' => sub {
    my $lines = block(apache => qr{^<Location "/account/staff/">});
    with_lines($lines);
    my $browser = visitor('alice');
    is($browser->go('/account/')->{status}, 200, 'the account is there');
    is($browser->go('/account/staff/')->{status}, 403, 'the pages of staff are not, for this address');
    my $whole = block(apache => qr{^<Location "/">});
    with_lines("$whole$lines");
    is($browser->go('/account/staff/')->{status}, 200, 'where the whole site is closed, these lines have no effect');
    with_lines($whole . $lines =~ s/^(?=<\/)/    UserMgmtSignInPage none\n/mr);
    is($browser->go('/account/staff/')->{status}, 403, 'with one more line they have');
};

case 'the whole site can be closed' => sub {
    with_lines(block(apache => qr{^<Location "/">}));
    my $browser = UmPages->new;
    like($browser->go('/index.html')->{path}, qr{\A/account/sign-in/\?next=}, 'the first page leads to signing in');
    my $page = sign_in($browser, 'alice');
    like($page->{path} . $page->{body}, qr{\A/index\.html<h1>Open}, 'after signing in it is there');
    is($browser->go('/account/sessions/')->{status}, 200, 'the pages are open');
};

case 'another look, texts and a language' => sub {
    ($status, $said) = commands('sudo install -d');
    is($status, 0, 'the folder is made') or diag($said);
    my $look = "$folder/etc/usermgmt-pages";
    changed_look($look);
    my $more = block(apache => qr/^UserMgmtPagesTemplates /) =~ s{/etc/apache2}{$folder/etc}r;
    with_lines($more);
    my $page = UmPages->new->go('/account/sign-in/');
    like($page->{body}, qr{<h1>Welcome to the club</h1>}, 'a text is another one');
    like($page->{body}, qr{Become a member</a>}, 'and so is a link');
    like($page->{body}, qr{<img src="/logo\.svg"}, 'the logo is there');
    my ($style) = $page->{body} =~ /rel="stylesheet" href="([^"]+)"/;
    like(UmPages->new->go($style)->{body}, qr/--accent:.*--accent: #0a6b4f/s, 'the colours are other ones');
    $page = UmPages->new(language => 'it-IT, en;q=0.5')->go('/account/sign-in/');
    like($page->{body}, qr{<html lang="it" dir="ltr">.*<h1>Accedi</h1>}s, 'the page speaks Italian');
    like(UmPages->new(language => 'it')->go('/account/forgot/')->{body}, qr{<h1>Forgotten password</h1>},
        'what Italian lacks is in English');
    UmTest::spew("$look/footer.html", "<p>\n{nonsense}</p>\n");
    ($status, $said) = UmTest::run(UmTest::httpd(), '-t', '-f', "$server->{folder}/httpd.conf");
    ok($status && $said =~ m{UM201: .*UserMgmtPagesTemplates.*footer\.html:2}, 'a mistake is named before a restart')
        or diag($said);
};

case 'another language where the browser asks for none of the pages' => sub {
    my $more = block(apache => qr/Accept-Language/);
    with_lines($more);
    my %want = ('nl, pt;q=0.5' => 'de', 'nl, en;q=0.5' => 'en', 'fr' => 'fr');
    for my $asked (sort keys %want) {
        like(UmPages->new(language => $asked)->go('/account/sign-in/')->{body}, qr/<html lang="$want{$asked}"/, "$asked: $want{$asked}");
    }
    with_lines($more =~ s/append (\S+) .*/set $1 de/r);
    like(UmPages->new(language => 'en')->go('/account/sign-in/')->{body}, qr/<html lang="de"/, 'or German for everybody');
    with_lines('');
};

case 'another policy for what a page loads' => sub {
    my $more = block(apache => qr/Content-Security-Policy/);
    with_lines($more);
    my ($policy) = $more =~ /Content-Security-Policy "(.*)"/;
    my $answer = UmPages->new->go('/account/sign-in/');
    is("@{ $answer->{head}{'content-security-policy'} }", $policy, 'the page has it, once');
    my ($documented) = UmTest::slurp("$SOURCES/docs/pages.md") =~ /^- `Content-Security-Policy: (.*?)`$/ms;
    with_lines('');
    is(UmPages->new->go('/account/sign-in/')->{head}{'content-security-policy'}[0], $documented =~ s/\s+/ /gr,
        'without these lines it has the one that the documentation names');
};

case 'a site with a page of its own to sign in' => sub {
    with_lines(block(apache => qr/^UserMgmtCookie session/));
    like(UmPages->new->go('/members/')->{path}, qr{\A/login\?}, 'a browser is led to that page');
};

case 'an application for a group and for staff' => sub {
    with_lines(block(apache => qr{^<Location "/shop">}) =~ s{http://127\.0\.0\.1:9000/}{\${back}/}r);
    my $told = told(get('/shop/x', token => login('alice', $PASSWORD)));
    is($told->{HTTP_X_USERMGMT_STAFF}, 1, 'staff is admitted, and the application knows it');
    is(get('/shop/x', token => enrol('eva')->{token})->{status}, 403, 'others are not');
    is(told(get('/shop/x', token => enrol('finn', groups => ['sales'])->{token}))->{HTTP_X_USERMGMT_GROUPS}, 'sales', 'the group is');
};

case 'a balancer can ask' => sub {
    with_lines(block(apache => qr{^<Location "/health">}));
    is(UmPages->new->go('/health/ready')->{status}, 200, 'the page is there for this machine');
    block(nginx => qr/proxy_set_header Host/);      # t/auth/forward.t runs these lines
};

case 'behind a proxy that ends TLS' => sub {
    my $more = block(apache => qr/^ServerName https:/);
    $more =~ s/www\.example\.org/localhost/;
    $more =~ s/10\.0\.0\.5/127.0.0.1/;
    with_lines(UmTest::load_modules('remoteip') . $more);
    ($status, $said) = commands('curl -sSI');
    like($said, qr/\ASet-Cookie: __Host-usermgmt-form=.*; Secure.*\n200\n\z/si, 'the commands show that it is well') or diag($said);
    my $browser = UmPages->new;
    my @by_proxy = (headers => ['X-Forwarded-For: 198.51.100.7', 'Origin: https://localhost']);
    $browser->go('/account/sign-in/', @by_proxy);
    my $answer = $browser->send({ username => 'alice', password => $PASSWORD, stay => 'true' }, @by_proxy, follow => 0);
    is($answer->{status}, 303, 'alice signs in') or diag(UmPages::text($answer));
    my @cookies = @{ $answer->{head}{'set-cookie'} };
    is(scalar(grep { /\A__Host-usermgmt(?:-refresh)?=.*; Secure/ } @cookies), 2, 'the cookies are those of TLS');
    is(scalar(grep { /Max-Age=\d/ } @cookies), 2, 'and last, as alice wishes');
    like(UmPages::text($browser->go('/account/sessions/', @by_proxy)), qr/198\.51\.100\.7/, 'her own address is shown');
    $browser->go('/account/forgot/', @by_proxy);
    $browser->send({ email => 'alice@example.org' }, @by_proxy);
    settle(sql => $site->{database}{sql});
    my @mails = mails_in("$folder/mail", 'alice@example.org');
    like($mails[-1]{text}, qr{^https://localhost/account/reset/\?token=}m, 'links of mails are those of the proxy');
};

if (all_cases()) {
    my @left = map { my $language = $_; map { "$language: " . (split /\n/, $_->{text})[0] }
        grep { !$_->{is_used} } @{ $block{$language} } } sort keys %block;
    is(join(', ', @left), '', 'every block of the pages was used');
}
is($server->crashes, '', 'no process of the server crashed');
cases_done();
