#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pages: people register, sign in, change what is theirs and sign out, without a script.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmLocations;
use UmPages;

my $site = pages_site(<<'END');
UserMgmtProfile nickname text max=30
UserMgmtProfile newsletter boolean
UserMgmtProfile born date
Alias /shut ${pages}/files
<Location /shut/>
    AuthType Bearer
    AuthName here
    Require valid-user
    UserMgmtSignInPage auto
</Location>
Alias /editors ${pages}/files
<Location /editors/>
    AuthType Bearer
    AuthName here
    Require usermgmt-group editors
    UserMgmtSignInPage auto
</Location>
END

my $people = 0;

# A person who has just signed in with a browser.
sub person {
    my (%with) = @_;
    my $name = 'person' . ++$people;
    my $account = enrol($name, %with);
    my $browser = UmPages->new;
    $browser->go("${PAGES}sign-in/");
    my $page = $browser->send({ username => $name, password => $account->{password} });
    die "$name cannot sign in: $page->{status} $page->{body}\n" unless $page->{path} eq $PAGES;
    return ($browser, { %$account, username => $name });
}

sub text_of_page { return UmPages::text($_[0]) }

# ---- signing in ------------------------------------------------------------------------------------------------------

case 'a person signs in and out' => sub {
    my $account = enrol('anna');
    my $browser = UmPages->new;
    my $page = $browser->go($PAGES);
    is($page->{path}, "${PAGES}sign-in/?next=%2faccount%2f", 'the profile needs a session');
    is($page->{status}, 200, 'the sign-in page is shown');
    $page = $browser->send({ username => 'anna', password => 'wrong password' });
    is($page->{status}, 400, 'a wrong password is refused');
    like(text_of_page($page), qr/log in|sign in/i, 'the page says so');
    like($page->{body}, qr/name="username" value="anna"/, 'the name need not be typed again');
    unlike($page->{body}, qr/wrong password"/, 'the password is not shown again');
    $page = $browser->send({ username => 'anna', password => $account->{password} });
    is($page->{path}, $PAGES, 'after signing in the person is where they wanted to be');
    like(text_of_page($page), qr/\banna\b/, 'the profile is theirs');
    is($browser->go("${PAGES}sign-in/")->{path}, $PAGES, 'who is signed in need not sign in');
    my %before = %{ $browser->{cookies} };
    $browser->go("${PAGES}sign-out/");
    my $answer = $browser->send({}, follow => 0);
    is($answer->{status}, 303, 'signing out leads on');
    is($answer->{head}{'clear-site-data'}[0], '"cache"', 'what the browser has stored of the pages goes');
    $page = $browser->follow($answer);
    is($page->{path}, "${PAGES}sign-in/?done=signed_out", 'it leads to the sign-in page');
    ok(!$browser->{cookies}{usermgmt}, 'the cookie is deleted');
    $browser->{cookies} = \%before;
    like($browser->go($PAGES)->{path}, qr{/sign-in/}, 'the old cookie is not valid any more');
};

case 'only paths of this host are followed' => sub {
    my $account = enrol('nora');
    for my $next ('https://evil.example/', '//evil.example/', '/\\evil.example', "/\t/evil.example", 'evil') {
        my $browser = UmPages->new;
        $browser->go("${PAGES}sign-in/?next=" . UmPages::form_text(x => $next) =~ s/\Ax=//r);
        my $answer = $browser->send({ username => 'nora', password => $account->{password}, next => $next },
            follow => 0);
        is($answer->{head}{location}[0], $PAGES, "next=$next leads to the profile");
    }
    my $browser = UmPages->new;
    $browser->go("${PAGES}sign-in/?next=%2Fshut%2Fhello.txt%3Fa%3D1");
    my $answer = $browser->send({ username => 'nora', password => $account->{password} }, follow => 0);
    is($answer->{head}{location}[0], '/shut/hello.txt?a=1', 'a path of this host is followed');
};

case 'forms have a token of their own' => sub {
    my ($browser) = person();
    $browser->go($PAGES);
    my ($action, $fields) = $browser->form({ first_name => 'Eve' });
    my %without = %$fields;
    delete $without{csrf};
    is($browser->request(POST => $action, form => UmPages::form_text(%without))->{status}, 403, 'without it: 403');
    is($browser->request(POST => $action, form => UmPages::form_text(%$fields, csrf => 'A' x 43))->{status}, 403,
        'with another one: 403');
    is($browser->request(POST => $action, form => UmPages::form_text(%$fields), headers => ['Origin: http://evil.example',
        'Sec-Fetch-Site: cross-site'])->{status}, 403, 'from another site: 403');
    my $other = UmPages->new;
    $other->go("${PAGES}sign-in/");
    my (undef, $foreign) = $other->form({});
    is($browser->request(POST => $action, form => UmPages::form_text(%$fields, csrf => $foreign->{csrf}))->{status}, 403,
        'that of another browser: 403');
    is($browser->request(POST => $action, form => UmPages::form_text(%$fields))->{status}, 303, 'the right one passes');
    like($browser->go($PAGES)->{body}, qr/value="Eve"/, 'and the name is changed');
    my $first = ($browser->form({}))[1]{csrf};
    $browser->go($PAGES);
    isnt(($browser->form({}))[1]{csrf}, $first, 'it differs in each answer');
};

# ---- places ----------------------------------------------------------------------------------------------------------

case 'a place leads to the sign-in page and back' => sub {
    my $account = enrol('petra', groups => ['writers']);
    my $browser = UmPages->new;
    my $page = $browser->go('/shut/hello.txt?a=1');
    is($page->{path}, "${PAGES}sign-in/?next=%2fshut%2fhello.txt%3fa%3d1", 'who is not signed in is sent there');
    $page = $browser->send({ username => 'petra', password => $account->{password} });
    is($page->{path}, '/shut/hello.txt?a=1', 'after signing in they are where they wanted to be');
    is($page->{body}, $HELLO, 'and see it');
    $page = $browser->go('/editors/hello.txt');
    is($page->{status}, 403, 'a place for a group that they lack is 403');
    like(UmPages::text($page), qr/petra/, 'the page says who they are');
    like($page->{body}, qr{sign-in/\?again=1&amp;other=1&amp;next=%2feditors}, 'and lets them sign in as somebody else');
    like($page->{head}{'content-security-policy'}[0], qr/frame-ancestors 'none'/, 'it has the headers of a page');
    is(get('/shut/hello.txt')->{status}, 401, 'a script gets 401');
    my $editor = enrol('edith', groups => ['editors']);
    $browser->go("${PAGES}sign-in/?again=1&other=1&next=%2feditors%2fhello.txt");
    $page = $browser->send({ username => 'edith', password => $editor->{password} });
    is($page->{path}, '/editors/hello.txt', 'somebody else is let in');
};

# ---- registering -----------------------------------------------------------------------------------------------------

case 'a person registers and is signed in' => sub {
    my $browser = UmPages->new;
    $browser->go("${PAGES}register/");
    my $page = $browser->send({ username => 'rita', password => '12345678', email => 'no address' });
    is($page->{status}, 400, 'faulty fields are refused');
    like(text_of_page($page), qr/only digits|numeric|numbers/, 'the fault of the password is named');
    like($page->{body}, qr/href="#email"/, 'the summary leads to the fields');
    like($page->{body}, qr/value="rita"/, 'what was typed is still there');
    $page = $browser->send({ username => 'rita', password => good_password(), email => 'rita@example.org',
        nickname => 'Ri', newsletter => 'true', born => '2000-02-29' });
    is($page->{path}, $PAGES, 'then the account is there and the person is signed in')
        or diag text_of_page($page);
    like($page->{body}, qr/value="Ri"/, 'its own fields are stored');
    $browser->go("${PAGES}register/");
    $page = $browser->send({ username => 'rita', password => good_password() });
    like(text_of_page($page), qr/taken/, 'a name that is taken is refused');
};

# ---- the account -----------------------------------------------------------------------------------------------------

case 'a person changes their profile' => sub {
    my ($browser) = person();
    $browser->go($PAGES);
    my $page = $browser->send({ first_name => '<b>"Ann"&', last_name => "O'Neil" });
    is($page->{path}, "$PAGES?done=saved", 'the profile is saved');
    like($page->{body}, qr/value="&lt;b&gt;&quot;Ann&quot;&amp;"/, 'values are escaped');
    like($page->{body}, qr/role="status"/, 'the page says so');
    $page = $browser->send({ first_name => 'x' x 151 });
    is($page->{status}, 400, 'a name that is too long is refused');
    like(text_of_page($page), qr/150/, 'the limit is named');
    unlike($browser->go("$PAGES?done=<script>alert(1)</script>")->{body}, qr/<script>/, 'the query is not shown');
};

case 'a person changes their password' => sub {
    my ($browser, $account) = person();
    my $new = good_password() . 'x';
    $browser->go("${PAGES}password/");
    is($browser->send({ old_password => 'not this', new_password => $new })->{status}, 400, 'a wrong one is refused');
    my %before = %{ $browser->{cookies} };
    my $page = $browser->send({ old_password => $account->{password}, new_password => $new });
    is($page->{path}, "${PAGES}password/?done=password_changed", 'the password is changed') or diag text_of_page($page);
    isnt($browser->{cookies}{usermgmt}, $before{usermgmt}, 'the session is a new one');
    is($browser->go($PAGES)->{status}, 200, 'the person is still signed in');
    my $old = UmPages->new(cookies => \%before);
    like($old->go($PAGES)->{path}, qr{/sign-in/}, 'the sessions from before have ended');
};

case 'a person sees their sessions and ends them' => sub {
    my ($browser, $account) = person();
    my $other = UmPages->new;
    $other->go("${PAGES}sign-in/");
    $other->send({ username => $account->{username}, password => $account->{password} },
        headers => ['User-Agent: Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/128.0']);
    my $page = $browser->go("${PAGES}sessions/");
    like(text_of_page($page), qr/Firefox on Windows/, 'the other device is shown');
    $page = $browser->send({ action => 'others' }, form => qr/"others"/);
    is($page->{path}, "${PAGES}sessions/?done=sessions_ended", 'the others are ended');
    like($other->go($PAGES)->{path}, qr{/sign-in/}, 'the other browser is signed out');
    is($browser->go($PAGES)->{path}, $PAGES, 'this one is not');
    like(text_of_page($browser->go("${PAGES}events/")), qr/\w/, 'the events are shown');
};

case 'a person deletes their account' => sub {
    my ($browser, $account) = person();
    $browser->go("${PAGES}delete/");
    is($browser->send({})->{status}, 400, 'without the confirmation it stays');
    my $page = $browser->send({ confirm => 'yes' });
    is($page->{path}, "${PAGES}sign-in/?done=deleted", 'with it the account is gone') or diag text_of_page($page);
    $page = $browser->send({ username => $account->{username}, password => $account->{password} });
    is($page->{status}, 400, 'nobody can sign in to it');
};

# ---- trouble ---------------------------------------------------------------------------------------------------------

case 'a form that is sent after the session has ended loses nothing' => sub {
    my ($browser, $account) = person();
    $browser->go($PAGES);
    ask(DELETE => "$USERS$account->{id}/sessions/", token => $account->{token});
    my $page = $browser->send({ first_name => 'Typed for an hour' });
    is($page->{status}, 403, 'the form is refused');
    like($page->{body}, qr/value="Typed for an hour"/, 'what was typed is still there');
    like($page->{body}, qr{sign-in/}, 'the page leads to signing in');
    my $tab = UmPages->new(cookies => $browser->{cookies});
    $tab->go("${PAGES}sign-in/");
    $tab->send({ username => $account->{username}, password => $account->{password} });
    $page = $browser->send({ first_name => 'Typed for an hour' });
    is($page->{path}, "$PAGES?done=saved", 'after signing in in another tab it is sent again') or diag text_of_page($page);
};

case 'the pages answer as pages' => sub {
    my $browser = UmPages->new;
    my $page = $browser->go("${PAGES}nothing/");
    is($page->{status}, 404, 'an unknown page is 404');
    like($page->{head}{'content-type'}[0], qr{\Atext/html}, 'in HTML');
    is($browser->request(DELETE => "${PAGES}sign-in/")->{status}, 405, 'another method is 405');
    my $answer = $browser->request(GET => "${PAGES}sign-in/");
    my %head = map { $_ => $answer->{head}{$_}[0] } keys %{ $answer->{head} };
    like($head{'content-security-policy'}, qr/default-src 'none'.*frame-ancestors 'none'/, 'nothing from elsewhere');
    is($head{'cache-control'}, 'no-store', 'no cache stores a page');
    is($head{'referrer-policy'}, 'same-origin', 'other hosts get no address');
    is($browser->request(GET => "${PAGES}reset/?token=x")->{head}{'referrer-policy'}[0], 'strict-origin',
        'nobody gets one with a token');
    is($head{'x-frame-options'}, 'DENY', 'no frame shows it');
    cmp_ok(length $answer->{body}, '<', 30_000, 'a page is small');
    my ($style) = $answer->{body} =~ /rel="stylesheet" href="([^"]+)"/;
    my $css = $browser->request(GET => $style);
    is($css->{status}, 200, 'the style sheet is there');
    like($css->{head}{'cache-control'}[0], qr/immutable/, 'browsers keep it');
    $css = $browser->request(POST => $style);
    like("$css->{status} @{ $css->{head}{allow} || [] }", qr/\A405 (?=.*\bGET\b)(?=.*\bHEAD\b)(?!.*POST)/,
        'and can do no more than get it');
    like($browser->go('/account')->{path}, qr{sign-in}, 'the slash at the end may be missing');
    for my $language (qw(de fr es)) {
        my $other = UmPages->new(language => $language);
        like($other->go("${PAGES}sign-in/")->{body}, qr/<html lang="$language"/, "there is a page in $language");
    }
};

cases_done();
