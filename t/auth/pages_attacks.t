#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pages under attack by other sites and by strangers: redirects to elsewhere, forms that another site sends, cookies
# that somebody else has set, frames, methods, paths, caches. t/auth/pages_injection.t attacks what pages show.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmLocations;
use UmMail;
use UmPageAttacks;
use UmPages;
use UmServer;
use UmTest ();
use UmThrottle ();

my $mails = UmTest::new_folder();
my $LINES = <<"END";
UserMgmtMail file:$mails
UserMgmtResetURL auto
UserMgmtVerifyURL auto
UserMgmtEmailVerification on
END
my $site = attacked_site($LINES . <<'END');
Alias /shut ${pages}/files
<Location /shut/>
    AuthType Bearer
    AuthName here
    Require valid-user
</Location>
END
my $EVIL = EVIL;

sub login_of { my ($account) = @_; return map { $_ => $account->{$_} } qw(username password) }

sub coded { return UmPages::form_text(x => $_[0]) =~ s/\Ax=//r }

# ---- redirects -------------------------------------------------------------------------------------------------------

my @ELSEWHERE = ("https://$EVIL/", "http://$EVIL", "HTTPS://$EVIL", "https:$EVIL", "https:/$EVIL", "https:///$EVIL",
    "http:\\\\$EVIL", "//$EVIL", "//$EVIL/account/", "///$EVIL", "////$EVIL", "//localhost\@$EVIL/", "//$EVIL:80/",
    "//$EVIL#/account/", "//$EVIL?/account/", '//[::1]/', '//0x7f000001/', "/\\$EVIL", "/\\/$EVIL", "\\/$EVIL",
    "\\\\$EVIL", "\\$EVIL", "//\\$EVIL", "/a\\..\\..\\$EVIL", "/\t/$EVIL", "\t//$EVIL", "/\n/$EVIL", "/\r/$EVIL",
    "/\r\nLocation: https://$EVIL/", "/a\r\nX-Evil: 1", "/\x0b/$EVIL", "/\x0c/$EVIL", "/\x01/$EVIL", "/\x7f/$EVIL",
    " //$EVIL", " /a", "/ /$EVIL", "/a b", "\xef\xbb\xbf//$EVIL", "/\xe3\x80\x82/$EVIL", "/\xef\xbc\x8f$EVIL",
    "/\xff/$EVIL", "/%2f$EVIL", "/%2F$EVIL", "/%5c$EVIL", "/%5C%5C$EVIL", "%2f%2f$EVIL", "%2Fa", "/.//$EVIL",
    "/..//$EVIL", "/a/..//$EVIL", "/%2e%2e//$EVIL", "/.%2e//$EVIL", "/%2e//$EVIL", "/a/../../$EVIL", $EVIL, "\@$EVIL",
    ":80/", 'javascript:alert(1)', 'JaVaScript:alert(1)', "java\tscript:alert(1)", 'data:text/html,x', 'vbscript:x',
    "ftp://$EVIL", "blob:https://$EVIL", "mailto:a\@$EVIL", '?a', '#a', '..', '', '/' . 'x' x 2100);

case 'next never leads to another site' => sub {
    my ($browser, $account) = person();
    cmp_ok(scalar @ELSEWHERE, '>=', 60, 'there are sixty spellings');
    my (@shown, @followed);
    for my $next (@ELSEWHERE) {
        my $stranger = UmPages->new;
        my $page = $stranger->go("${PAGES}sign-in/?next=" . coded($next));
        push @shown, $next if input_of($page, 'next') ne '' || $page->{body} =~ /register\/\?/;
        my $answer = $browser->request(GET => "${PAGES}sign-in/?next=" . coded($next));
        push @followed, "$next: " . leads_to($answer) unless leads_to($answer) eq $PAGES;
    }
    is("@shown", '', 'the form to sign in contains none of them');
    is("@followed", '', 'a person who has signed in is led to the profile');
};

case 'next of a form never leads to another site' => sub {
    my (undef, $account) = person();
    my @followed;
    for my $next (grep { !/\A[?#.]/ } @ELSEWHERE) {
        my $stranger = UmPages->new;
        my $answer = post($stranger, 'sign-in/', { login_of($account), next => $next });
        push @followed, "$next: $answer->{status} " . leads_to($answer)
            unless leads_to($answer) eq $PAGES || ($answer->{status} == 400 && $next =~ /\xff/);
    }
    is("@followed", '', 'signing in leads to the profile');
    my $answer = post(UmPages->new, 'register/', { username => new_name(), password => secret(good_password()),
        next => "//$EVIL/" });
    is(leads_to($answer), $PAGES, 'so does registering');
};

case 'next twice, in the query and in the form' => sub {
    my ($browser, $account) = person();
    my @query = map { coded($_) } ("//$EVIL/", '/shut/hello.txt');
    for my $query ("next=$query[0]&next=$query[1]", "next=$query[1]&next=$query[0]", "next=$query[0];next=$query[1]",
        "next[]=$query[0]", "Next=$query[0]", "next=&next=$query[0]", "next=%00$query[0]",
        "next=$query[1]%00$query[0]", 'next=%252f%252fevil.example', 'next=%2f%252fevil.example', "%6eext=$query[0]",
        "next=$query[0]#next=$query[1]") {
        my $to = leads_to($browser->request(GET => "${PAGES}sign-in/?$query"));
        like($to, qr{\A(?:\Q$PAGES\E|/shut/hello\.txt|nowhere)\z}, "$query leads to a path of this host");
        my $stranger = UmPages->new;
        my $form = UmPages::form_text(login_of($account), csrf => csrf_of($stranger));
        $to = leads_to(post($stranger, 'sign-in/', {}, body => "$form&$query"));
        like($to, qr{\A(?:\Q$PAGES\E|/shut/hello\.txt|nowhere)\z}, 'so does a form with it');
    }
    my %login = login_of($account);
    is(leads_to(post(UmPages->new, 'sign-in/', { %login, next => '/shut/hello.txt' }, query => "?next=$query[0]")),
        '/shut/hello.txt', 'the form decides, not the query');
    is(leads_to(post(UmPages->new, 'sign-in/', \%login, query => "?next=$query[0]")), $PAGES,
        'the query of a form is not followed');
    is(leads_to(post(UmPages->new, 'sign-in/', { %login, next => '/shut/?a=//evil#//evil' })),
        '/shut/?a=//evil#//evil', 'a query and a fragment stay');
};

case 'a request line or a Host header of another site leads nowhere else' => sub {
    my ($browser, $account) = person();
    my $cookie = cookies_of($browser);
    for my $target ("http://$EVIL/account/", "http://$EVIL//account/", "http://$EVIL/account/events/?a=b",
        "http://localhost\@$EVIL/account/", "HTTP://$EVIL:99/account/", '//evil.example/account/',
        '/account/?a=//evil') {
        my $answer = raw("GET $target HTTP/1.1\r\nHost: $EVIL\r\nConnection: close\r\n\r\n");
        next if $answer->{status} == 400 || $answer->{status} == 404;
        is($answer->{status}, 303, "$target needs a session");
        my $to = leads_to($answer);
        like($to, qr{\A/account/sign-in/\?next=}, 'which is asked for on this host');
        my $page = UmPages->new->go($to);
        like(input_of($page, 'next'), qr{\A(?:/account/.*)?\z}, 'and leads back to this host') or diag $to;
    }
    for my $host ($EVIL, "localhost:1\@$EVIL", "$EVIL/account/", "localhost\t$EVIL", 'localhost:99999', '[::1', '"',
        '<b>', "localhost\r\nHost: $EVIL", '', '%0d%0a') {
        for my $path ('', 'nothing/', 'sign-in/', 'events/?cursor=x') {
            my $answer = raw("GET $PAGES$path HTTP/1.1\r\nHost: $host\r\nCookie: $cookie\r\n"
                . "Connection: close\r\n\r\n");
            hold("Host $host: $path", $answer);
            unlike($answer->{body}, qr/\Q$EVIL\E/, "Host $host of /$path is in no link");
        }
    }
};

case 'the link to sign in of an error leads back to this host' => sub {
    my ($browser) = person();
    for my $query ("?next=//$EVIL/", "?x=//$EVIL/", "//$EVIL/", "/\\$EVIL/", '?"><b>') {
        my $page = hold("nothing$query", raw("GET ${PAGES}nothing/$query HTTP/1.1\r\nHost: localhost\r\n"
            . "Connection: close\r\n\r\n"));
        is($page->{status}, 404, "nothing/$query is no page");
        for my $link (map { UmPages::unescape($_) } $page->{body} =~ /href="([^"]*next=[^"]*)"/g) {
            like(input_of(UmPages->new->go($link), 'next'), qr{\A(?:/account/.*)?\z}, 'its link leads to this host');
        }
    }
};

case 'links of mails never name the host that a request names' => sub {
    my (undef, $account) = person();
    my $stranger = UmPages->new;
    my $form = UmPages::form_text(email => $account->{email}, csrf => csrf_of($stranger));
    my @head = ("POST ${PAGES}forgot/ HTTP/1.1", "Host: $EVIL", "Origin: http://$EVIL", "X-Forwarded-Host: $EVIL",
        "Forwarded: host=$EVIL", 'Content-Type: application/x-www-form-urlencoded', 'Connection: close',
        'Cookie: ' . cookies_of($stranger), 'Content-Length: ' . length $form);
    my $answer = raw(join "\r\n", @head, '', $form);
    is($answer->{status}, 303, 'a mail is asked for by another name of the host');
    settle(sql => $site->{database}{sql});
    my @texts = map { $_->{text} } mails_in($mails);
    ok(scalar(grep { m{\Q$PAGES\Ereset/\?token=} } @texts), 'the mail has been sent');
    is_deeply([grep { /\Q$EVIL\E/ } @texts], [], 'its link does not lead there');
};

# ---- forms of other sites --------------------------------------------------------------------------------------------

# What the forms contain, so that an act that is not stopped does something.
my %FIELDS = (
    register => sub { { username => new_name(), password => secret(good_password()) } },
    verify => sub { { token => 'x' } },
    verify_request => sub { { email => $_[0]{email} } },
    forgot => sub { { email => $_[0]{email} } },
    reset => sub { { token => 'x', password => good_password() . 'q' } },
    sign_in => sub { { username => $_[0]{username}, password => $_[0]{password} } },
    profile => sub { { first_name => 'Changed' } },
    password => sub { { old_password => $_[0]{password}, new_password => secret(good_password() . 'zz') } },
    email => sub { { email => 'changed@example.org' } },
    sessions => sub { { session => $_[0]{other_session} } },
    delete => sub { { confirm => 'yes' } },
    staff_new => sub { { username => new_name(), password => secret(good_password()) } },
    staff_groups => sub { { name => 'evil' } },
    staff_throttle => sub { { name => 'somebody' } },
);

my $groups = 0;

# A form of an act as a person would send it, and who would.
sub form_of {
    my ($act) = @_;
    my $is_staff = $act->{page} =~ /\Astaff_/;
    my ($browser, $me) = person(staff => $is_staff);
    sign_in_as($me);
    my ($own) = map { $_->{id} } grep { !$_->{current} } @{ json_of(get("$USERS$me->{id}/sessions/",
        token => $browser->{cookies}{usermgmt})) };
    my %fields = $FIELDS{ $act->{page} } ? %{ $FIELDS{ $act->{page} }->({ %$me, other_session => $own }) } : ();
    $fields{action} = $act->{action} if $act->{action};
    if ($is_staff) {
        my $group = 'writers' . ++$groups;
        my (undef, $victim) = person(groups => [$group]);
        my %more = (id => $victim->{id}, group => $group, confirm => 'yes', email => 'changed@example.org',
            name => "others$groups", username => $victim->{username}, first_name => 'Changed');
        $fields{$_} = exists $fields{$_} ? $fields{$_} : $more{$_} for
            $act->{page} eq 'staff_account' && $act->{action} eq 'email' ? qw(id email)
            : $act->{page} eq 'staff_account' ? qw(id group confirm first_name)
            : $act->{page} eq 'staff_group' ? qw(id group confirm name username) : qw(id confirm);
    }
    return ($browser, $me, path_of_page($act->{page}), \%fields);
}

sub name_of { my ($act) = @_; return $act->{action} ? "$act->{page} $act->{action}" : $act->{page} }

my @FOREIGN = (
    ['no Origin, no Referer' => ()],
    ['another origin' => "Origin: http://$EVIL"],
    ['another origin, and the browser says so' => "Origin: http://$EVIL", 'Sec-Fetch-Site: cross-site'],
    ['a browser that says cross-site' => 'Sec-Fetch-Site: cross-site'],
    ['a host of the same site' => 'Origin: http://other.localhost', 'Sec-Fetch-Site: same-site'],
    ['the origin null' => 'Origin: null', "Referer: http://localhost$PAGES"],
    ['another Referer' => "Referer: http://$EVIL/http://localhost/"],
    ['an origin that begins alike' => "Origin: http://localhost.$EVIL"],
    ['an origin with a name' => "Origin: http://localhost\@$EVIL"],
    ['another port' => 'Origin: http://localhost:81'],
    ['a word that is no site' => 'Sec-Fetch-Site: Same-Origin', "Origin: http://$EVIL"],
    ['two sites' => 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'],
    ['two origins' => 'Origin: http://localhost', "Origin: http://$EVIL"],
);

my $foreign;

# Each forged form, by name.
sub forged {
    my ($browser, $path, $fields) = @_;
    $foreign ||= UmPages->new;
    my $old = csrf_of($browser);
    delete $browser->{cookies}{'usermgmt-form'};
    my $right = csrf_of($browser);
    my $cookies = cookies_of($browser);
    my $without = join '; ', grep { !/-form=/ } split /; /, $cookies;
    my $body = UmPages::form_text(%$fields, csrf => $right);
    my @tokens = map { [@$_] } (['no token' => undef], ['an empty token' => ''], ['a made-up token' => 'A' x 43],
        ['the token of another browser' => csrf_of($foreign)], ['the token of an earlier cookie' => $old],
        ['a longer token' => "${right}A"], ['a shorter token' => substr $right, 0, -1], ['the cookie itself' =>
        $browser->{cookies}{'usermgmt-form'}], ['the first half' => substr $right, 0, 22]);
    my %answer = map { $_->[0] => post($browser, $path, $fields, csrf => $_->[1]) } @tokens;
    $answer{'no cookie of the form'} = post($browser, $path, $fields, csrf => $right, cookie => $without);
    $answer{'two cookies of the form'} = post($browser, $path, $fields, csrf => $right,
        cookie => "$cookies; usermgmt-form=" . 'A' x 22);
    $answer{ $_->[0] } = post($browser, $path, $fields, csrf => $right, headers => [@$_[1 .. $#$_]]) for @FOREIGN;
    $answer{'a form as text'} = post($browser, $path, $fields, body => $body, type => 'text/plain');
    $answer{'a form without a type'} = post($browser, $path, $fields, body => $body, type => undef);
    $answer{'the token in the query'} = post($browser, $path, $fields, csrf => undef, query => "?csrf=$right");
    $answer{'JSON without a token'} = post($browser, $path, $fields, body => JSON::PP::encode_json($fields),
        type => 'application/json');
    return (\%answer, $right);
}

for my $act (acts()) {
    case "no other site can send the form of @{[ name_of($act) ]}" => sub {
        my ($browser, undef, $path, $fields) = form_of($act);
        my $before = snapshot();
        my ($answers, $right) = forged($browser, $path, $fields);
        is_deeply({ map { $_ => $answers->{$_}{status} } grep { $answers->{$_}{status} !~ /\A(?:403|415)\z/ }
            keys %$answers }, {}, 'each forged form is refused');
        is_deeply([grep { grep { /usermgmt=/ } @{ $answers->{$_}{head}{'set-cookie'} || [] } } keys %$answers], [],
            'and signs nobody in or out');
        is_unchanged($before, 'and changes nothing');
        my $answer = post($browser, $path, $fields, csrf => $right);
        like($answer->{status}, qr/\A(?:303|400|404)\z/, 'that of the page itself is not') or diag text_of($answer);
        unlike(leads_to($answer), qr/sign-in\/\?(?:next|again)/, 'by a person who has just signed in');
    };
}

case 'a link changes nothing' => sub {
    my ($browser, $me) = person();
    my $sessions = json_of(get("$USERS$me->{id}/sessions/", token => $me->{token}));
    my $right = csrf_of($browser);
    my $before = snapshot();
    for my $page (pages()) {
        for my $method (qw(GET HEAD)) {
            my $answer = $browser->request($method => "$PAGES$page->{path}?csrf=$right&action=others&confirm=yes&"
                . UmPages::form_text(session => $sessions->[0]{id}, first_name => 'Changed', email => 'c@example.org',
                old_password => $me->{password}, new_password => 'Another-Tree!72y', id => $me->{id}, stay => 1));
            is($answer->{body}, '', "HEAD of $page->{name} has no body") if $method eq 'HEAD';
        }
    }
    is_unchanged($before, 'no page does anything by its address');
    ok(is_signed_in($browser), 'the person is still signed in');
    my $answer = $browser->request(GET => "${PAGES}register/?password=Another-Tree!72y&old_password=Another-Tree!72y");
    unlike($answer->{body}, qr/Another-Tree/, 'a password of a link is not shown');
};

case 'a link does not fill in what a person would send without reading it' => sub {
    my ($browser, $me) = person();
    my $page = $browser->go("${PAGES}email/?email=thief\@$EVIL");
    unlike($page->{body}, qr/thief/, 'no address');
    unlike($browser->go("$PAGES?first_name=Mallory&nickname=Mallory")->{body}, qr/Mallory/, 'no name');
    unlike($browser->go("${PAGES}delete/?confirm=yes")->{body}, qr/\bchecked\b/, 'no confirmation');
    unlike($browser->go("${PAGES}sign-in/?again=1&stay=1")->{body}, qr/\bchecked\b/, 'no box');
    like(UmPages->new->go("${PAGES}sign-in/?username=me")->{body}, qr/value="me"/, 'but the name to sign in by');
    like(UmPages->new->go("${PAGES}verify/?token=t-1")->{body}, qr/value="t-1"/, 'and the token of a mail');
};

case 'methods have no other names' => sub {
    my ($browser) = person();
    my $before = snapshot();
    for my $page (pages()) {
        for my $method (qw(PUT PATCH DELETE OPTIONS TRACE get FOO)) {
            my $answer = post($browser, $page->{path}, { confirm => 'yes' }, method => $method);
            like($answer->{status}, qr/\A(?:405|501|400)\z/, "$method of $page->{name} is refused");
        }
        for my $header ('X-HTTP-Method-Override: DELETE', 'X-Method-Override: POST', 'X-HTTP-Method: DELETE') {
            $browser->request(GET => "$PAGES$page->{path}?_method=DELETE&confirm=yes", headers => [$header]);
        }
        $browser->request(HEAD => $PAGES . $page->{path});
    }
    is(post($browser, '', { first_name => 'x', _method => 'DELETE', confirm => 'yes' },
        headers => ['Origin: http://localhost', 'X-HTTP-Method-Override: DELETE'])->{status}, 303,
        'a form saves what it says it saves');
    is((snapshot() =~ s/\|x\|/|First|/r) eq $before, 1, 'and nothing else has happened');
};

# ---- cookies of somebody else ----------------------------------------------------------------------------------------

case 'a session that somebody else has set is worth nothing after signing in' => sub {
    my ($thief, $mallory) = person(name => 'mallory');
    my (undef, $me) = person();
    my $planted = UmPages->new(cookies => { %{ $thief->{cookies} } });
    $planted->go("${PAGES}sign-in/?again=1");
    my $answer = $planted->send({ username => $me->{username}, password => $me->{password} }, follow => 0);
    is($answer->{status}, 303, 'a person signs in with a browser that has the cookies of somebody else');
    isnt($planted->{cookies}{$_}, $thief->{cookies}{$_}, "$_ is another one") for qw(usermgmt usermgmt-refresh);
    is(scalar(grep { /\Ausermgmt(?:-refresh)?=[^;]/ } @{ $answer->{head}{'set-cookie'} }), 2, 'both tokens are new');
    like(text_of($planted->go($PAGES)), qr/\b\Q$me->{username}\E\b/, 'the person sees their account');
    ok(!is_signed_in($thief), 'the earlier session has ended');
    for my $name (qw(usermgmt usermgmt-refresh)) {
        my $page = UmPages->new(cookies => { $name => $thief->{cookies}{$name} })->go($PAGES);
        unlike($page->{body}, qr/\Q$me->{username}\E/, "the earlier $name does not show it");
    }
    my $mixed = UmPages->new(cookies => { %{ $planted->{cookies} }, 'usermgmt' => 'x.y.z',
        'usermgmt-refresh' => $thief->{cookies}{'usermgmt-refresh'} });
    unlike($mixed->go($PAGES)->{body}, qr/\Q$me->{username}\E/, 'nor does the earlier refresh token');
};

case 'a made-up cookie is no session' => sub {
    my ($browser, $me) = person();
    my $token = $browser->{cookies}{usermgmt};
    my ($head, $claims, $signature) = split /\./, $token;
    for my $value ('', 'x', '0', 'null', 'undefined', 'true', $me->{id}, "$head.$claims.",
        "$head.$claims", "$head.$claims.x", "eyJhbGciOiJub25lIn0.$claims.", "$token.$token", "\"$token\"", "%20$token",
        'x' x 4000, "\xff", "$token\x01") {
        my $stranger = UmPages->new(cookies => { usermgmt => $value });
        my $answer = $stranger->request(GET => $PAGES);
        like($answer->{status}, qr/\A(?:303|400)\z/, 'the cookie ' . substr($value, 0, 40) =~ s/[^!-~]/?/gr
            . ' is refused');
        unlike($answer->{body}, qr/\Q$me->{username}\E/, 'and shows nobody');
    }
};

case 'of two cookies of a name neither is taken' => sub {
    my ($thief, $mallory) = person();
    my ($browser, $me) = person();
    for my $pair ([$thief, $browser], [$browser, $thief]) {
        my $cookie = join '; ', map { "usermgmt=$_->{cookies}{usermgmt}" } @$pair;
        my $answer = UmPages::ask(GET => $PAGES, headers => ["Cookie: $cookie"]);
        is($answer->{status}, 400, 'two sessions are refused');
        unlike($answer->{body}, qr/\Q$mallory->{username}\E|\Q$me->{username}\E/, 'nobody is shown');
        my $before = snapshot();
        $answer = post($browser, '', { first_name => 'Tossed' }, cookie => "$cookie; usermgmt-form="
            . $browser->{cookies}{'usermgmt-form'});
        is($answer->{status}, 400, 'a form with them is refused');
        is_unchanged($before, 'and changes nothing');
        $cookie = join '; ', map { "usermgmt-refresh=$_->{cookies}{'usermgmt-refresh'}" } @$pair;
        $answer = UmPages::ask(GET => $PAGES, headers => ["Cookie: $cookie"]);
        is($answer->{status}, 303, 'two refresh tokens renew nothing');
        is_unchanged($before, 'and end nothing');
    }
};

case 'over TLS a cookie that another host can set is no cookie' => sub {
    my (undef, $me) = person();
    my $templates = UmTest::sources() . '/conf/pages';
    my $tls = UmServer->start($site->{database}, <<"END");
ServerName https://localhost
UserMgmtPages On
UserMgmtPagesTemplates "$templates"
$LINES
END
    my $ask = sub {
        my ($method, $path, %with) = @_;
        return hold("TLS: $method $path", call($method => $PAGES . $path, port => $tls->{port}, any => 1, %with));
    };
    my $got = json_of(call(POST => $TOKEN, port => $tls->{port}, any => 1,
        json => UmApi::object_text({ login_of($me) })));
    is($ask->(GET => '', headers => ["Cookie: usermgmt=$got->{token}"])->{status}, 303, 'a session without the prefix');
    is($ask->(GET => '', headers => ["Cookie: usermgmt-refresh=$got->{refresh_token}"])->{status}, 303,
        'a refresh token without the prefix');
    my $with = "Cookie: __Host-usermgmt=$got->{token}";
    is($ask->(GET => '', headers => [$with])->{status}, 200, 'a session with the prefix is taken');
    is($ask->(GET => '', headers => ["$with; usermgmt=x; __host-usermgmt=x; __Host-Usermgmt=x"])->{status}, 200,
        'others beside it make no difference');
    my $page = $ask->(GET => 'verify/');
    my ($value) = "@{ $page->{head}{'set-cookie'} }" =~ /\A__Host-usermgmt-form=([\w-]+); .*; Secure\z/;
    ok($value, 'the cookie of forms has the prefix');
    my ($csrf) = $page->{body} =~ /name="csrf" value="([\w-]+)"/;
    my $send = sub {
        my ($origin, $name) = @_;
        return $ask->(POST => '', form => "first_name=Tossed&csrf=$csrf", headers => ["Origin: $origin",
            "$with; $name=$value"])->{status};
    };
    is($send->('https://localhost', 'usermgmt-form'), 403, 'the cookie of a form without the prefix');
    is($send->('http://localhost', '__Host-usermgmt-form'), 403, 'a page that anybody on the way may have written');
    is($send->('https://localhost', '__Host-usermgmt-form'), 303, 'with both prefixes the form is taken');
    $tls->stop;
};

# ---- dangerous acts --------------------------------------------------------------------------------------------------

# Acts that nobody must be able to do who finds a browser that somebody has left.
my @DANGEROUS = ('email', 'delete', map { "staff_account $_" } qw(email enable disable staff_on staff_off group_add
    group_remove delete));

sub make_old { $site->{database}{sql}->('update um_sessions set created_at = created_at - 1000'); return }

case 'dangerous acts need a sign-in of a moment ago' => sub {
    my %is_recent = map { name_of($_) => $_->{needs_recent} } acts();
    for my $name (grep { exists $is_recent{$_} || !/\Astaff_/ } @DANGEROUS) {
        ok($is_recent{$name}, "$name is one of them");
    }
    for my $act (grep { $_->{needs_recent} } acts()) {
        my ($browser, undef, $path, $fields) = form_of($act);
        make_old();
        my $before = snapshot();
        my $answer = post($browser, $path, $fields);
        is($answer->{status}, 303, name_of($act) . ' after a while');
        like(leads_to($answer), qr{\A\Q$PAGES\Esign-in/\?again=1&next=}, 'leads to signing in again');
        is_unchanged($before, 'and changes nothing');
    }
};

case 'a form that is sent slowly is judged at its end' => sub {
    my ($browser, $me) = person();
    my $form = UmPages::form_text(email => 'slow@example.org', csrf => csrf_of($browser));
    $site->{database}{sql}->("update um_sessions set created_at = created_at - 898 where user_id = '$me->{id}'");
    my $socket = UmApi::connection($site->{server}{port});
    print {$socket} join "\r\n", "POST ${PAGES}email/ HTTP/1.1", 'Host: localhost', 'Origin: http://localhost',
        'Content-Type: application/x-www-form-urlencoded', 'Connection: close', 'Cookie: ' . cookies_of($browser),
        'Content-Length: ' . length $form, '', substr $form, 0, 10;
    sleep 4;
    my $answer = answers(exchange(substr($form, 10), socket => $socket, answers => 1))->[0];
    like(leads_to($answer), qr{\A\Q$PAGES\Esign-in/\?again=1}, 'by then the sign-in is not recent any more');
};

case 'acts that cannot be undone need a confirmation' => sub {
    my %confirms = map { name_of($_) => $_->{needs_confirm} } acts();
    ok($confirms{delete}, 'deleting the account is one of them');
    for my $act (grep { $_->{needs_confirm} } acts()) {
        my ($browser, undef, $path, $fields) = form_of($act);
        delete $fields->{confirm};
        my $before = snapshot();
        my $answer = post($browser, $path, $fields);
        is($answer->{status}, 400, name_of($act) . ' without one is refused');
        is_unchanged($before, 'and changes nothing');
    }
};

# ---- paths, caches ---------------------------------------------------------------------------------------------------

case 'a page has one path' => sub {
    my ($browser, $me) = person();
    for my $path ('/account/../', '/account%2f', '/account%2fsign-in/', '/account/;x', '/account/sign-in;x/',
        '/ACCOUNT/', '/account/Sign-In/', '/account/sign-in/x', '/account/sign-in/x/', '/accountx/', '/account.',
        '/account/.', '/account/sign-in/..%2f', '/account/%00', '/account/%0a', '/account/ /', '/account/sign-in/%20',
        '/xaccount/',
        '/account/style.css/', '/account/STYLE.CSS', '/account/style.css.html', '/account/%2e%2e/', '/account/s',
        '/account/-', '/account/%ff/', '/account/' . 'x' x 6000) {
        my $answer = raw("GET $path HTTP/1.1\r\nHost: localhost\r\nCookie: " . cookies_of($browser)
            . "\r\nConnection: close\r\n\r\n");
        my $what = substr $path, 0, 40;
        if ($path eq '/account/.') { is($answer->{status}, 200, "$what is the page") }
        else { like($answer->{status}, qr/\A40[034]\z/, "$what is none") }
        unlike($answer->{body}, qr/x{300}/, 'its path is not shown');
    }
    for my $path ('//account/', '/account//', '/./account/', '/x/../account/', '/%61ccount/', '/account',
        '/account/%2e/') {
        my $answer = raw("GET $path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        is("$answer->{status} " . (leads_to($answer) =~ m{\A/account/sign-in/} ? 1 : 0), '303 1', "$path is the page");
    }
};

case 'caches store the style sheet alone, and that under its name alone' => sub {
    my ($browser) = person();
    my $page = $browser->go($PAGES);
    my ($style) = $page->{body} =~ /rel="stylesheet" href="([^"]+)"/;
    my $css = $browser->request(GET => $style);
    is($css->{status}, 200, 'there is a style sheet');
    is($css->{head}{'cache-control'}[0], 'public, max-age=31536000, immutable', 'browsers keep it');
    is($css->{head}{'x-content-type-options'}[0], 'nosniff', 'as a style sheet');
    ok(!$css->{head}{'set-cookie'}, 'it sets no cookie');
    my ($right) = $style =~ /\?(.*)/;
    for my $query ('', '?', '?v=', '?v=AAAAAAAAAAAA', "?v=1&$right", '?x', "?${right}x") {
        my $other = $browser->request(GET => "${PAGES}style.css$query");
        is($other->{status}, 200, "style.css$query is the style sheet");
        unlike($other->{head}{'cache-control'}[0] || '', qr/immutable|max-age=[1-9]/,
            'and is not kept under another name');
    }
    is($browser->request(POST => $style, form => 'a=b')->{status}, 405, 'nothing can be sent to it');
    my $expired = UmPages->new(cookies => { %{ $browser->{cookies} }, usermgmt => 'x.y.z' });
    ok(!$expired->request(GET => $style)->{head}{'set-cookie'}, 'it renews no session');
    is($expired->request(GET => $PAGES)->{status}, 200, 'a page does');
};

# ---- guessing --------------------------------------------------------------------------------------------------------

case 'answers do not tell whether there is an account' => sub {
    my (undef, $me) = person();
    my (undef, $off) = person();
    UmLocations::cli('user', 'disable', $off->{username});
    my %shown = map {
        my ($name, $browser) = ($_, UmPages->new);
        my $answer = post($browser, 'sign-in/', { username => $name, password => 'not the password' });
        my $text = "$answer->{status} $answer->{body}" =~ s/\Q$name\E/NAME/gr;
        $name => $text =~ s/name="csrf" value="[\w-]+"//gr;
    } $me->{username}, $off->{username}, 'nobody', $me->{email};
    is($shown{$_}, $shown{$me->{username}}, "signing in as $_") for $off->{username}, 'nobody', $me->{email};
    for my $path ('forgot/', 'verify/again/') {
        my @answers = map {
            my $answer = post(UmPages->new, $path, { email => $_ });
            "$answer->{status} " . leads_to($answer);
        } $me->{email}, 'nobody@example.org', $off->{email};
        is("@answers[1, 2]", "$answers[0] $answers[0]", "$path for an address that is known, unknown or off");
    }
};

case 'who guesses is refused for a while, by a page' => sub {
    my $templates = UmTest::sources() . '/conf/pages';
    my $server = UmThrottle::throttled_server("UserMgmtPages On\nUserMgmtPagesTemplates \"$templates\"\n");
    UmThrottle::new_account('alice');
    my $ask = sub {
        my ($address, $name, $password) = @_;
        my $form = call(GET => "${PAGES}sign-in/", UmThrottle::from($address));
        my ($cookie) = $form->{head}{'set-cookie'}[0] =~ /\A([^;]+)/;
        my ($csrf) = $form->{body} =~ /name="csrf" value="([\w-]+)"/;
        return hold("sign-in of $name", call(POST => "${PAGES}sign-in/", UmThrottle::from($address, headers => [
            'Origin: http://localhost', "Cookie: $cookie"], form => UmPages::form_text(csrf => $csrf, username => $name,
            password => $password))));
    };
    for my $name ('alice', 'nobody') {
        my $here = UmThrottle::stranger();
        is(UmThrottle::counted(7, sub { $ask->($here, $name, "wrong $_[0]") }), '400 x5, 429 x2',
            "after five tries for $name");
        my $answer = $ask->($here, $name, $UmThrottle::PASSWORD);
        is($answer->{status}, 429, 'the right password is refused too');
        like($answer->{head}{'retry-after'}[0], qr/\A[1-9][0-9]*\z/, 'the browser is told for how long');
        like(text_of($answer), qr/second/, 'and so is the person');
        ok(!grep({ /usermgmt=/ } @{ $answer->{head}{'set-cookie'} || [] }), 'nobody is signed in');
    }
    my $here = UmThrottle::stranger();
    my $answer = $ask->($here, 'alice', $UmThrottle::PASSWORD);
    is($answer->{status}, 303, 'somebody else is not refused');
    my $cookies = join '; ', map { /\A([^;]+)/ } @{ $answer->{head}{'set-cookie'} };
    my $form = call(GET => "${PAGES}password/", UmThrottle::from($here, headers => ["Cookie: $cookies"]));
    $cookies .= "; $1" if ($form->{head}{'set-cookie'}[0] || '') =~ /\A([^;]+)/;
    my ($csrf) = $form->{body} =~ /name="csrf" value="([\w-]+)"/;
    my $confirm = sub {
        return $answer = call(POST => "${PAGES}reset/", UmThrottle::from($here, form => UmPages::form_text(csrf => $csrf,
            token => 'nonsense', password => 'Another-Tree!72y'), headers => ['Origin: http://localhost', "Cookie: $cookies"]));
    };
    is(UmThrottle::counted(32, $confirm), '404 x30, 429 x2', 'a person who guesses tokens');
    like($answer->{body}, qr/type="password"/, 'gets the form again');
    unlike(text_of($answer), qr/no longer works/, 'the token of a throttled try is not looked at');
    $server->stop;
};

attacks_done();
