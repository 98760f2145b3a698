#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pages under attack by what people type, store and send: templates, HTML, header fields, fields that a form must
# not have, accounts of others, and bodies of every kind. t/auth/pages_attacks.t attacks them from other sites.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use UmApi;
use UmCase;
use UmLocations;
use UmPageAttacks;
use UmPages;
use UmTest ();

# Names that the pages have themselves: what people store there must stay what people store.
my @OWN_NAMES = qw(path site style language direction notice problem name label device text value again_url);
my $site = attacked_site(join '', map { "UserMgmtProfile $_ text max=200\n" } @OWN_NAMES);
my $sql = $site->{database}{sql};

my @PAYLOADS = ('{username}', '{{username}}', '{#user}{email}{/user}', '{^user}', '{@label.email}', '{>footer}', '{.}',
    '{', '}', '{{', '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover=alert(1) x='",
    '" autofocus onfocus=alert(1) x="', '</textarea></title></form><form action=//evil.example>', '<!-- ', '-->',
    '<![CDATA[', '&lt;b&gt;', '&#60;b&#62;', '&', 'javascript:alert(1)', "\xe2\x80\xae", "\xef\xbb\xbf",
    "\xe2\x80\xa8\xe2\x80\xa9", '%3Cscript%3E', '{csrf}', '${7*7}', '<%= 7 %>', '2026-11-29T19:02:11Z', '`', '\\',
    '\\u003cb\\u003e', "a\tb", '//evil.example/');

sub staff { my ($browser) = person(staff => 1); return $browser }

# ---- texts -----------------------------------------------------------------------------------------------------------

case 'what people store is shown as it is' => sub {
    my ($browser, $me) = person();
    my $staff = staff();
    for my $text (@PAYLOADS) {
        my $answer = post($browser, '', { map { $_ => $text } qw(first_name last_name), @OWN_NAMES });
        is($answer->{status}, 303, "$text is stored") or next;
        my $shown = $text =~ s/[\x00-\x1f]|\xe2\x80[\xa8\xa9]/ /gr =~ s/\A +| +\z//gr;
        my $page = $browser->go($PAGES);
        is(input_of($page, $_), $shown, "and shown as $_") for qw(first_name path);
        like($page->{body}, qr/<html lang="en" dir="ltr">/, 'the language of the page stays');
        unlike($page->{body}, qr/role="(?:status|alert)"/, 'no message of the site is made of it');
        for my $path ("staff/account/?id=$me->{id}", "staff/?search=$me->{username}") {
            $page = $staff->go($PAGES . $path);
            is($page->{status}, 200, "staff sees it at $path");
            like($page->{body}, qr/<html lang="en" dir="ltr">/, 'the language of the page stays');
            unlike($page->{body}, qr/role="(?:status|alert)"/, 'no message of the site is made of it');
        }
    }
};

case 'what people type is shown as it is' => sub {
    my ($browser, $me) = person(staff => 1);
    for my $page (pages()) {
        my @fields = qw(username password first_name last_name email token next stay old_password new_password session
            id group name new_name search action confirm csrf2 input_username error_username has_errors errors);
        for my $text (@PAYLOADS) {
            my $answer = post($browser, $page->{path}, { map { $_ => $text } grep { $_ ne 'password' } @fields });
            ok($answer->{status} < 500, "$page->{name} with $text");
            post(UmPages->new, $page->{path}, { map { $_ => $text } grep { $_ ne 'action' } @fields })
                unless $page->{name} =~ /\Astaff/;
        }
        my $query = UmPages::form_text(map { $_ => join '', @PAYLOADS[2, 10, 12, 13] } @fields, 'done');
        is(scalar(grep { $_->{status} >= 500 } map { $_->go("$PAGES$page->{path}?$query") } $browser, UmPages->new), 0,
            "$page->{name} with such a query");
        post($browser, $page->{path}, { map { $_ => 'x' } @PAYLOADS });
    }
};

case 'a device is shown as a text' => sub {
    my (undef, $me) = person();
    for my $agent (@PAYLOADS, 'x' x 3000, "Mozilla/5.0 (<b>; {username}) Firefox/{csrf}", "\xff\xfe") {
        next if $agent =~ /[\x00-\x1f]/;
        my $browser = sign_in_as($me, headers => ["User-Agent: $agent"]);
        $browser->go($PAGES . $_) for qw(sessions/ events/);
    }
    my $page = sign_in_as($me)->go("${PAGES}sessions/");
    is($page->{status}, 200, 'all devices are listed');
};

case 'no request adds a header' => sub {
    my ($browser) = person();
    for my $text ("\r\nX-Evil: 1", "\nX-Evil: 1", "\r\n\r\n<b>", "\xe5\x98\x8d\xe5\x98\x8aX-Evil: 1",
        "%0d%0aX-Evil: 1") {
        my $coded = UmPages::form_text(x => $text) =~ s/\Ax=//r;
        for my $path (map { $_->{path} } pages()) {
            $browser->request(GET => "$PAGES$path?" . join '&', map { "$_=$coded" } qw(next done id group cursor token));
        }
        post($browser, '', { first_name => $text });
        post($browser, 'sessions/', { session => $text });
        post($browser, $_, { username => $text, next => $text, email => $text, token => $text }) for
            qw(sign-in/ register/ forgot/ verify/ reset/);
    }
    is(is_signed_in($browser), 1, 'and the session goes on');      # attacks_done() looks at all answers
};

case 'a text that looks like a time stays a text' => sub {
    my ($browser, $me) = person();
    post($browser, '', { first_name => '2026-11-29T19:02:11Z' });
    my $page = $browser->go($PAGES);
    is(input_of($page, 'first_name'), '2026-11-29T19:02:11Z', 'in the form');
    is($browser->send({ last_name => 'x' })->{status}, 200, 'so that saving the form');
    is($sql->("select first_name from um_users where id = '$me->{id}'"), '2026-11-29T19:02:11Z', 'changes nothing');
};

# ---- what a form must not have ---------------------------------------------------------------------------------------

sub state_of {
    my ($me) = @_;
    return $sql->("select username, email, is_staff, is_active from um_users where id = '$me->{id}'");
}

case 'a form of the account sets what its page has' => sub {
    for my $is_staff (0, 1) {
        my ($browser, $me) = person(staff => $is_staff);
        my $before = state_of($me);
        for my $more ([is_staff => 'true'], [is_staff => 'false'], [is_active => 'false'],
            [email => 'other@example.org'], [groups => 'admins'], [email_verified => 'true'], [username => 'root'], [id => 'x'], [password => 'x']) {
            for my $path ('', 'email/', 'password/', 'sessions/') {
                next if "@$more" =~ /\Aemail / && $path eq 'email/';
                post($browser, $path, { first_name => 'New', @$more });
                is(state_of($me), $before, "$path with $more->[0]");
            }
        }
    }
};

case 'registering gives no rights' => sub {
    for my $more ([is_staff => 'true'], [is_active => 'true'], [groups => 'admins'], [invite => 'true'], [id => 'x'],
        [email_verified => 'true']) {
        for my $browser (UmPages->new, (person())[0], staff()) {
            my $name = new_name();
            my $answer = post($browser, 'register/', { username => $name, password => good_password(), @$more });
            like($answer->{status}, qr/\A(?:303|400|403)\z/, "registering with $more->[0]");
            is($sql->("select count(*) from um_users where username = '$name' and is_staff = 1"), 0, 'makes no staff');
        }
    }
};

case 'signing in by a form gives no token to read' => sub {
    my (undef, $me) = person();
    for my $more ([cookie => 'true'], [cookie => 'false'], [cookie => 'x']) {
        my %form = map { $_ => $me->{$_} } qw(username password);
        my $answer = post(UmPages->new, 'sign-in/', { %form, @$more });
        unlike($answer->{body}, qr/eyJ|umr_/, "with cookie=$more->[1]");
    }
};

# ---- accounts of others ----------------------------------------------------------------------------------------------

case 'own pages show and change nobody else' => sub {
    my ($browser, $me) = person();
    my (undef, $other) = person();
    my ($session) = map { $_->{id} } @{ json_of(get("$USERS$other->{id}/sessions/", token => $other->{token})) };
    my $before = snapshot();
    for my $page (grep { $_->{name} !~ /\Astaff/ } pages()) {
        my $answer = $browser->go("$PAGES$page->{path}?id=$other->{id}&user=$other->{id}&session=$session&group=x");
        unlike($answer->{body}, qr/\Q$other->{username}\E/, "$page->{name} shows nobody else");
    }
    is(post($browser, 'sessions/', { session => $session, id => $other->{id} })->{status}, 404,
        'a session of somebody else');
    post($browser, $_, { id => $other->{id}, confirm => 'yes', first_name => 'Evil' }, query => "?id=$other->{id}")
        for qw(staff/account/ staff/group/ staff/mails/);
    is_unchanged($before, 'nobody else is changed');
    post($browser, '', { id => $other->{id}, first_name => 'Evil' }, query => "?id=$other->{id}");
    is($sql->("select first_name from um_users where id = '$other->{id}'"), 'First', 'nor by the form of the profile');
    post($browser, 'delete/', { id => $other->{id}, confirm => 'yes' }, query => "?id=$other->{id}");
    is($sql->("select count(*) from um_users where id = '$other->{id}'"), 1, 'nor deleted');
};

case 'pages for staff are for staff' => sub {
    my ($browser) = person();
    my (undef, $other) = person(groups => ['readers']);
    for my $page (grep { $_->{name} =~ /\Astaff/ } pages()) {
        my $path = "$page->{path}?id=$other->{id}&group=readers";
        my $answer = $browser->request(GET => $PAGES . $path);
        is($answer->{status}, 403, "$page->{name} for somebody else");
        unlike($answer->{body}, qr/\Q$other->{username}\E|>readers<|PostgreSQL|SQLite/, 'shows nothing');
        $answer = UmPages->new->request(GET => $PAGES . $path);
        is($answer->{status}, 303, "$page->{name} for nobody");
        for my $who ($browser, UmPages->new) {
            for my $csrf (csrf_of($who), 'x') {
                $answer = post($who, $page->{path}, { id => $other->{id}, group => 'readers' }, csrf => $csrf,
                    query => "?id=$other->{id}&group=readers");
                unlike($answer->{body}, qr/\Q$other->{email}\E|>readers<|PostgreSQL|SQLite/, 'a form shows nothing');
            }
        }
    }
};

# ---- bodies and headers ----------------------------------------------------------------------------------------------

case 'bodies of every kind are answered by a page' => sub {
    my ($browser) = person();
    my $csrf = csrf_of($browser);
    my %body = (nothing => [''], 'no type' => ["csrf=$csrf", undef], text => ["csrf=$csrf", 'text/plain'],
        JSON => [qq({"csrf":"$csrf","first_name":"x"}), 'application/json'], list => ['[]', 'application/json'],
        number => ['1', 'application/json'], deep => ['[' x 5000, 'application/json'],
        half => ['{"csrf":', 'application/json'],
        'an object for a token' => [qq({"csrf":{"a":"$csrf"}}), 'application/json'], xml => ['<a/>', 'application/xml'],
        'many fields' => ["csrf=$csrf" . '&a=b' x 5000],
        'many names' => [join '&', "csrf=$csrf", map { "f$_=x" } 1 .. 3000],
        'a huge value' => ["csrf=$csrf&first_name=" . 'x' x 900_000],
        'a huge name' => ["csrf=$csrf&" . 'x' x 200_000 . '=1'],
        NUL => ["csrf=$csrf&first_name=a%00b&username=a%00"], 'NUL in the token' => ["csrf=$csrf%00x&first_name=x"],
        'NUL in a name' => ["csrf=$csrf&first_name%00=x"], 'a NUL' => ["csrf=$csrf&first_name=a\0b"],
        'no UTF-8' => ["csrf=$csrf&first_name=%ff%fe"], 'overlong UTF-8' => ["csrf=$csrf&first_name=%c0%bcscript"],
        surrogates => ["csrf=$csrf&first_name=%ed%a0%80"], 'half an escape' => ["csrf=$csrf&first_name=%&last_name=%4"],
        'no parts' => ['--x--', 'multipart/form-data; boundary=x'], 'no boundary' => ['x', 'multipart/form-data'],
        'a file for a token' => ["--x\r\nContent-Disposition: form-data; name=\"csrf\"; filename=\"a\"\r\n\r\n$csrf\r\n"
            . "--x--\r\n", 'multipart/form-data; boundary=x'],
        'only marks' => ['&=&==&&=&' x 50], 'a bad action' => ["csrf=$csrf&action=%00"],
        'other letters' => ["CSRF=$csrf&first_name=x"], 'the token later' => ["csrf=x&first_name=x&csrf[]=$csrf"]);
    for my $path ('', 'sign-in/', 'sessions/', 'delete/') {
        for my $name (sort keys %body) {
            my ($bytes, @type) = @{ $body{$name} };
            my $answer = post($browser, $path, {}, body => $bytes, @type ? (type => $type[0]) : ());
            my $is_form = $path eq '' && $name =~ /\A(?:half an escape|a bad action|NUL in a name)\z/;
            like($answer->{status}, $is_form ? qr/\A(?:303|400)\z/ : qr/\A4\d\d\z/, "/$path with $name is refused");
        }
    }
    is(is_signed_in($browser), 1, 'the session goes on');
    my $gone = UmApi::connection($site->{server}{port});
    print {$gone} join "\r\n", "POST ${PAGES}sign-in/ HTTP/1.1", 'Host: localhost', 'Origin: http://localhost',
        'Content-Length: 100', 'Content-Type: application/x-www-form-urlencoded', '', 'username=';
    close $gone;
    is(UmPages->new->go("${PAGES}sign-in/")->{status}, 200, 'a form that ends early disturbs nobody');
};

case 'a query of any kind is answered soon' => sub {
    my ($browser) = person();
    for my $query ('a&' x 3900, 'a=&' x 2600, 'next=/&' x 1100, '%' x 7900, '&' x 7900, '=' x 7900,
        'username=%ff%fe&token=%c0', 'username=a%00b&token=%00&next=%00', 'username[]=x&username=y', '+' x 7000, ';' x 7000) {
        for my $path ('', 'sign-in/', 'events/', 'reset/', 'nothing/') {
            my $answer = $browser->request(GET => "$PAGES$path?$query");
            ok($answer->{status} < 500, substr("/$path?$query", 0, 30)) or diag $answer->{status};
        }
    }
};

case 'a language is one of those that there are' => sub {
    for my $language ('../../etc/passwd', 'de;q=9999', 'de;q=-1', 'x' x 7000, ('de,' x 2000), '*', '"><b>', "\xff",
        'x-a-b', 'en-US-x-private', 'de_DE', '..', 'messages.en', '%00', 'i-klingon;q=', ',,,;;;', 'DE', "fr\tes", '') {
        my $answer = UmPages->new(language => $language)->request(GET => "${PAGES}sign-in/");
        like($answer->{body}, qr/<html lang="(?:en|de|fr|es)" dir="ltr">/, 'language ' . substr $language, 0, 20);
        like($answer->{head}{'content-language'}[0], qr/\A(?:en|de|fr|es)\z/, 'and the header names it');
    }
};

case 'conditions of a request do not empty a page' => sub {
    my ($browser, $me) = person();
    for my $header ('If-None-Match: *', 'If-Match: "x"', 'If-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT',
        'Accept: application/json', 'Accept: application/problem+json', 'Accept: image/png', 'Accept-Encoding: x',
        'X-Requested-With: XMLHttpRequest', 'TE: trailers', 'Purpose: prefetch') {
        my $answer = $browser->request(GET => $PAGES, headers => [$header]);
        like($answer->{status}, qr/\A(?:200|412)\z/, "with $header");
        like($answer->{body}, qr/\Q$me->{username}\E/, 'it is the whole profile') if $answer->{status} == 200;
    }
    my $before = snapshot();
    post($browser, 'delete/', { confirm => 'yes' }, headers => ['Origin: http://localhost', 'If-Match: "x"']);
    is_unchanged($before, 'a condition that does not hold changes nothing');
};

attacks_done();
