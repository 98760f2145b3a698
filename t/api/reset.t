#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Forgotten passwords: a request, the mail, validation of its token, and the new password.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmMail;
use UmServer ();

my $GONE = detail('not_found');
my $NEW = 'Red-House?38';
my $log = UmServer->shared->mark;
my $UNKNOWN = 'A' x 43;

# An account with an address of its own.
sub account {
    my (%with) = @_;
    return register(email => new_address(), %with);
}

# Asks for an account and returns the token of the mail that came for it.
sub token_for {
    my ($account, @with) = @_;
    my $before = () = mails_to($account->{email});
    answer_is(ask_reset($account->{email}, @with), 200, $FINE, "a request for $account->{email} is answered 200");
    settle();
    my @mails = mails_to($account->{email});
    is(@mails - $before, 1, "one mail came for $account->{email}");
    return $mails[-1]{token};
}

sub rows {
    my ($table, $where) = @_;
    return UmTest::sql("select count(*) from $table" . ($where ? " where $where" : ''));
}

# Runs the code while each request for a mail leaves a row in um_test_requests: the worker takes requests away at once.
sub with_trace {
    my ($code) = @_;
    my $is_pgsql = UmTest::database() eq 'pgsql';
    UmTest::sql('create table um_test_requests (address text, kind text)');
    my $insert = 'insert into um_test_requests values (new.address, new.kind);';
    if ($is_pgsql) {
        UmTest::sql("create function um_test_trace() returns trigger language plpgsql as"
            . " 'begin $insert return null; end'");
        UmTest::sql('create trigger um_test_trace after insert on um_requests for each row'
            . ' execute function um_test_trace()');
    }
    else {
        UmTest::sql("create trigger um_test_trace after insert on um_requests begin $insert end");
    }
    $code->();
    UmTest::sql('drop trigger um_test_trace' . ($is_pgsql ? ' on um_requests' : ''));
    UmTest::sql('drop function um_test_trace') if $is_pgsql;
    UmTest::sql('drop table um_test_requests');
    return;
}

# ---- what is read and refused --------------------------------------------------------------------------------------

case 'a request follows the rules of all endpoints of its kind' => sub {
    endpoint_rules($RESET, [email => 'email'], '{"email":"nobody@nowhere.example"}', [200, $FINE]);
};

case 'validation follows the rules of all endpoints of its kind' => sub {
    endpoint_rules($VALIDATE, [token => 'string'], qq({"token":"$UNKNOWN"}), [404, $GONE]);
};

case 'confirmation follows the rules of all endpoints of its kind' => sub {
    endpoint_rules($CONFIRM, [password => 'string', token => 'string'], qq({"token":"$UNKNOWN","password":"$NEW"}),
        [404, $GONE]);
};

# Each row: what, the address, the faults.
my @bad = (
    (map { [$_, $_, 'email'] } 'x', '@', 'x@', '@example.org', 'a b@example.org', 'a@b', 'a@b..de', 'a@b.de.',
        '.a@b.de', 'a.@b.de', 'a..b@b.de', 'a@b@c.de', 'a@-b.de', 'Bob <bob@example.org>', 'a@b.de,c@d.de',
        'a@b.de;c@d.de', "zo\xc3\xab\@example.org", 'a"b@example.org', 'a@exa_mple.org'),
    ['line ends', 'a@example.org\nBcc: b@example.org', 'email', 1],
    ['an encoded line end', 'a@example.org\u000d\u000ab', 'email', 1],
    ['too long', 'a' x 60 . '@' . join('.', ('b' x 60) x 4) . '.de', 'max254'],
    ['too long before the at sign', 'a' x 65 . '@example.org', 'email'],
);
case 'what is no address is refused and not kept' => sub {
    with_trace(sub {
        for my $row (@bad) {
            my ($what, $address, $faults, $raw) = @$row;
            answer_is(call(POST => $RESET, json => '{"email":' . ($raw ? "\"$address\"" : json_text($address)) . '}'),
                400, faults(email => $faults), "no address, refused: $what");
        }
        is(rows('um_test_requests'), 0, 'no refused address is kept');
    });
};

my @no_token = (
    ['unknown', $UNKNOWN], ['a letter', 'x'], ['one short', 'A' x 42], ['one long', 'A' x 44],
    ['very long', 'A' x 60_000], ['signs', '../../etc/passwd'], ['SQL', "' or '1'='1"], ['a pattern', '%'],
    ['other letters', "\xc3\xa4" x 43], ['43 signs', '%' x 43],
    ['a hash', 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg'],
);
case 'what is no token is not found' => sub {
    for my $row (@no_token) {
        my ($what, $token) = @$row;
        answer_is(validate($token), 404, $GONE, "no token, not found by validation: $what");
        answer_is(confirm($token, $NEW), 404, $GONE, "no token, not found by confirmation: $what");
    }
};

# ---- from the mail to the new password -----------------------------------------------------------------------------

case 'a mail leads from a request to a new password' => sub {
    my $name = new_name('Zoë');
    my $address = 'Sunflower.' . new_address('exAMPle.org');
    (my $stored = $address) =~ s/exAMPle/example/;
    my $me = register(username => $name, first_name => 'Ann', email => $address);
    my @older = ($me->{token}, login($name, $me->{password}));
    my $asked_at = time;
    answer_is(ask_reset('  ' . uc($address) . ' '), 200, $FINE,
        'a request in another spelling of the address is answered 200');
    my $mail = only_mail_to($stored);

    is_deeply($mail->{wrong}, [], 'the mail is well-formed');
    is($mail->{type}, 'multipart/alternative', 'the mail has a text and an HTML part');
    is($mail->{to}, $stored, 'the mail goes to the address as it is stored');
    unlike(UmTest::slurp($mail->{file}), qr/\Q${\ uc $address}\E/,
        'the spelling that was typed is nowhere in the mail');
    is($mail->{from}, 'accounts@test.example', 'the mail is from the configured address');
    is($mail->{'from-name'}, 'Accounts', 'the mail is from the configured name');
    is($mail->{subject}, 'Reset your password at localhost', 'the subject names the site');
    is($mail->{'auto-submitted'}, 'auto-generated', 'the mail says that it was generated by a program');
    like($mail->{id}, qr/\A<$UUID\@test\.example>\z/, 'the Message-ID has the domain of the sender');
    ok($mail->{date} >= $asked_at - 1 && $mail->{date} <= time + 1, 'the date is that of the request');
    like($mail->{token}, qr/\A[A-Za-z0-9_-]{43}\z/, 'the token has 43 letters, which are 256 bits');
    my $url = "https://front.test.example/reset/$mail->{token}";
    like($mail->{text}, qr/^Hello \Q$name\E,$/m, 'the text names the account');
    like($mail->{text}, qr/^\Q$url\E$/m, 'the text has the link to the page of the site');
    like($mail->{text}, qr/within 24 hours\./, 'the text says how long the link is good');
    like($mail->{html}, qr/<p>Hello \Q$name\E,<\/p>/, 'the HTML names the account');
    like($mail->{html}, qr/<a href="\Q$url\E">/, 'the HTML links to the page of the site');
    like($mail->{html}, qr/<code>\Q$mail->{token}\E<\/code>/, 'the HTML has the token');
    unlike($mail->{text} . $mail->{html}, qr/\{\w*\}/, 'no placeholder of the template is left');
    is_deeply([grep { !/\A(?:from|from-name|to|to-name|subject|date|id|type|text|html|token|file|wrong|auto-submitted
        |x-auto-response-suppress|mime-version)\z/x } sort keys %$mail], [], 'the mail has no other header');

    my $token = $mail->{token};
    answer_is(validate($token), 200, $FINE, "the token is valid, asked for the $_. time") for 1 .. 3;
    answer_is(validate(" $token\n" =~ s/\n/\\n/r), 404, $GONE, 'a token with a backslash behind it is not found');
    answer_is(call(POST => $VALIDATE, json => qq({"token":" $token\\n"})), 200, $FINE,
        'white space around a token is passed over');
    answer_is(validate($_), 404, $GONE, 'a token that differs a little is not found')
        for lc $token, uc $token, substr($token, 1), "${token}A", reverse($token) . '', substr($token, 0, 42) . '+';
    is(call(GET => $me->{path}, token => $me->{token})->{status}, 200,
        'a request and a validation leave sessions alone');
    ok(login($name, $me->{password}), 'a request and a validation leave the password alone');

    # fields, then token, then policy
    answer_is(call(POST => $CONFIRM, json => '{"password":"123456"}'), 400, faults(token => 'required'),
        'without a token the fault is the missing token, not the weak password');
    answer_is(call(POST => $CONFIRM, json => qq({"token":"$token"})), 400, faults(password => 'required'),
        'a confirmation without a password is refused');
    answer_is(call(POST => $CONFIRM, json => qq({"token":"$token","password":""})), 400, faults(password => 'blank'),
        'a blank password is refused');
    answer_is(confirm($token, 'aB3$' x 256 . 'x'), 400, faults(password => 'max1024'),
        'a password of more than 1024 characters is refused');
    answer_is(confirm($UNKNOWN, '123456'), 404, $GONE, 'an unknown token is told before a weak password');
    my @weak = (['123456', [qw(short common numeric)]], ['aB3$xyz', 'short'], ['password', 'common'],
        ['83726194057', 'numeric'], [$name, 'like_username'], ['sunflower7', 'like_email']);
    answer_is(confirm($token, $_->[0]), 400, faults(password => $_->[1]),
        "the weak password $_->[0] is refused") for @weak;
    answer_is(validate($token), 200, $FINE, 'refused passwords leave the token valid');
    ok(login($name, $me->{password}), 'refused passwords leave the password as it was');

    push @older, login($name, $me->{password});
    my $other = token_for($me);
    isnt($other, $token, 'another request gives another token');
    answer_is(validate($_), 200, $FINE, 'both tokens are valid') for $token, $other;
    answer_is(confirm($token, " $NEW "), 200, $FINE, 'the confirmation is answered 200');
    ok(!login($name, $me->{password}), 'the old password signs nobody in');
    ok(!login($name, $NEW), 'the new password is not trimmed');
    my $fresh = login($name, " $NEW ");
    answer_is(call(GET => $me->{path}, token => $fresh), 200, profile_of($me), 'the new password signs in');
    answer_is(call(GET => $me->{path}, token => $older[$_]), 401, detail('bad_token'), "older session $_ has ended")
        for 0 .. $#older;
    for my $dead ($token, $other) {
        my $what = $dead eq $token ? 'the used token' : 'the other token';
        answer_is(validate($dead), 404, $GONE, "$what is not found by validation");
        answer_is(confirm($dead, $me->{password}), 404, $GONE, "$what is not found by confirmation");
    }
    ok(login($name, " $NEW "), 'the new password is still valid');
    unlike(call(POST => $CONFIRM, json => '{}')->{body}, qr/token":"[A-Za-z0-9]/,
        'no answer has a token for signing in');
};

# ---- by web forms --------------------------------------------------------------------------------------------------

case 'web forms are taken by all three endpoints' => sub {
    my $me = account();
    (my $coded = $me->{email}) =~ s/@/%40/;
    answer_is(call(POST => $RESET, form => "email=$coded"), 200, $FINE, 'a request by a form is answered 200');
    my $token = only_mail_to($me->{email})->{token};
    answer_is(call(POST => $VALIDATE, form => "token=$token"), 200, $FINE, 'a validation by a form is answered 200');
    answer_is(call(POST => $CONFIRM, form => "token=$token&password=+Red%2DHouse%3F38"), 200, $FINE,
        'a confirmation by a form is answered 200');
    ok(login($me->{username}, ' Red-House?38'), 'the password is the one in the form');
};

# ---- who gets mail -------------------------------------------------------------------------------------------------

case 'each active account of an address gets a mail of its own' => sub {
    my $shared = 'Shared.' . new_address();
    my @of_it = map { register(email => $_) } $shared, lc $shared, $shared =~ s/@/@/r;
    my $off = register(email => $shared);
    UmTest::sql("update um_users set is_active = 0 where id = '$off->{id}'");
    my $apart = register(email => "x$shared");
    answer_is(ask_reset(uc $shared), 200, $FINE, 'a request for an address of several accounts is answered 200');
    ok(settle(), 'the outbox is empty');
    my @mails = (mails_to($shared), mails_to(lc $shared));
    is_deeply([sort map { ($_->{text} =~ /^Hello (\S+),$/m)[0] } @mails], [sort map { $_->{username} } @of_it],
        'each active account gets one mail, which names it');
    is_deeply([sort map { $_->{to} } @mails], [sort map { $_->{email} } @of_it],
        'each mail goes to the address as its account has it');
    my %differ = map { $_->{token} => 1 } @mails;
    is(scalar keys %differ, 3, 'each mail has a token of its own');
    is_deeply([map { $_->{id} } mails_to("x$shared")], [], 'another address gets no mail');
    my %ids = map { $_->{id} => 1 } @mails;
    is(scalar keys %ids, 3, 'each mail has a Message-ID of its own');

    my ($first) = grep { ($_->{text} =~ /^Hello (\S+),$/m)[0] eq $of_it[0]{username} } @mails;
    my ($second) = grep { ($_->{text} =~ /^Hello (\S+),$/m)[0] eq $of_it[1]{username} } @mails;
    answer_is(confirm($first->{token}, $NEW), 200, $FINE, 'the token of one account is confirmed');
    ok(login($of_it[0]{username}, $NEW), 'the confirmation changes the password of that account');
    ok(login($of_it[$_]{username}, $of_it[$_]{password}),
        "the confirmation leaves the password of account $_ alone") for 1, 2;
    answer_is(validate($second->{token}), 200, $FINE, 'tokens of the other accounts stay valid');
};

case 'an account that was switched off gets no mail and its token is not good' => sub {
    my $me = account();
    my $token = token_for($me);
    UmTest::sql("update um_users set is_active = 0 where id = '$me->{id}'");
    answer_is(validate($token), 404, $GONE, 'the token of an account that was switched off is not found by validation');
    answer_is(confirm($token, $NEW), 404, $GONE,
        'the token of an account that was switched off is not found by confirmation');
    answer_is(ask_reset($me->{email}), 200, $FINE, 'a request for an account that is switched off is answered alike');
    settle();
    is(scalar(() = mails_to($me->{email})), 1, 'an account that is switched off gets no mail');
    UmTest::sql("update um_users set is_active = 1 where id = '$me->{id}'");
    ok(login($me->{username}, $me->{password}), 'the password was not changed');
};

# The domain in other letters that look alike is the same domain, and the mail goes to what is stored. Before the at
# sign they are refused.
case 'a domain in letters that look alike sends the mail to the stored address only' => sub {
    my $domain = new_name('kelvin') . '.example';
    my $me = register(email => "ann\@$domain");
    (my $typed = $domain) =~ s/\Ak/\xe2\x84\xaa/;     # the sign of the unit kelvin
    my $answer = ask_reset("ann\@$typed");
    settle();
    my @mails = mails_to($me->{email});
    like($answer->{status}, qr/\A(?:200|400)\z/, 'a letter that looks alike is answered 200 or 400');
    is($mails[0]{to}, $me->{email}, 'the mail goes to the stored address') if @mails;
    is_deeply([grep { UmTest::slurp($_) =~ /\xe2\x84\xaa|xn--/ } map { $_->{file} } @mails], [],
        'no mail goes to the address as it was typed');
};

case 'an address of an international domain gets its mail' => sub {
    my $domain = new_name('bücher') . '.example';
    my $me = register(email => "ann\@$domain");
    answer_is(ask_reset("ANN\@" . ($domain =~ s/\xc3\xbc/\xc3\x9c/r)), 200, $FINE,
        'a request for an address of an international domain is answered 200');
    ok(settle(), 'the outbox is empty');
    my ($mail) = grep { UmTest::slurp($_->{file}) =~ /To: <ann\@xn--/ }
        UmMail::mails_in(UmTest::folder() . '/mail', "ann\@" . to_ascii($domain));
    like($mail->{to} || '', qr/\Aann\@xn--[a-z0-9-]+(?:\.[a-z]+)+\z/, 'the mail goes to the ASCII form of the domain');
};

sub to_ascii {
    my ($domain) = @_;
    my ($status, $output) = UmTest::run('/usr/bin/python3', '-c',
        'import sys; print(".".join(p.encode("idna").decode() for p in sys.argv[1].split(".")))', $domain);
    chomp $output;
    return $output;
}

# ---- known or not: the same answer and the same work ---------------------------------------------------------------

case 'a known and an unknown address get the same answer and the same work' => sub {
    my $me = account();
    my $off = account();
    UmTest::sql("update um_users set is_active = 0 where id = '$off->{id}'");
    my %alike;
    with_trace(sub {
        for my $case ([known => $me->{email}], [unknown => new_address()], ['switched off' => $off->{email}]) {
            my ($what, $address) = @$case;
            my $before = rows('um_test_requests');
            my $answer = ask_reset($address);
            answer_is($answer, 200, $FINE, "a request for an address is answered 200: $what");
            is(rows('um_test_requests', "address = '$address' and kind = 'reset'"), 1,
                "a request leaves one row: $what");
            is(rows('um_test_requests') - $before, 1, "a request leaves no other row: $what");
            my $head = $answer->{head};
            $alike{join "\n", map { "$_: @{ $head->{$_} }" } grep { !/\A(?:date|x-request-id)\z/ }
                sort keys %$head}++;
        }
    });
    is(scalar keys %alike, 1, 'the headers of the answers are equal') or diag(join "\n--\n", keys %alike);
    ok(settle(), 'the outbox is empty');
    is(rows('um_mail', "address = '$off->{email}' and kind = 'reset'"), 0,
        'an address of no active account leaves no mail behind');
};

# ---- languages -----------------------------------------------------------------------------------------------------

my @languages = (
    [undef, 'Reset your password at localhost'], ['de', 'Neues Passwort für localhost'],
    ['en', 'Reset your password at localhost'], ['de-AT, fr;q=0.9', 'Neues Passwort für localhost'],
    ['DE', 'Neues Passwort für localhost'], ['fr, de;q=0.5, en;q=0.3', 'Neues Passwort für localhost'],
    ['fr', 'Reset your password at localhost'], ['en;q=0.2, de;q=0.8', 'Neues Passwort für localhost'],
    ['de;q=0, en', 'Reset your password at localhost'], ['*', 'Reset your password at localhost'],
    ['../../de', 'Reset your password at localhost'], ['', 'Reset your password at localhost'],
);
case 'a mail is written in the language that the request prefers' => sub {
    my @asked;
    for my $row (@languages) {
        my $me = account();
        ask_reset($me->{email}, headers => [defined $row->[0] ? "Accept-Language: $row->[0]" : ()]);
        push @asked, [$me, @$row];
    }
    ok(settle(), 'the outbox is empty');
    for my $case (@asked) {
        my ($me, $language, $subject) = @$case;
        my ($mail) = mails_to($me->{email});
        is($mail->{subject}, $subject, 'Accept-Language: ' . (defined $language ? $language : '(none)'));
        is_deeply($mail->{wrong}, [], 'the mail is well-formed');
    }
    my ($german) = mails_to($asked[1][0]{email});
    like($german->{text}, qr/^Hallo \Q$asked[1][0]{username}\E,$/m, 'the German mail has the German text');
    like($german->{html}, qr/<html lang="de">.*Neues Passwort wählen/s, 'the German mail has the German HTML');
};

# ---- where a link leads to is the administrator's business ----------------------------------------------------------

case 'headers of a stranger do not change where a link leads' => sub {
    my $me = account();
    my $body = qq({"email":"$me->{email}"});
    my $text = request_text(POST => $RESET, json => $body, headers => ['X-Forwarded-Host: evil.example',
        'Forwarded: host=evil.example', 'Origin: https://evil.example', 'Referer: https://evil.example/',
        'X-Forwarded-Proto: gopher']);
    $text =~ s/^Host: localhost/Host: evil.example/m or die;
    my $answer = answers(exchange($text, answers => 1))->[0];
    answer_is($answer, 200, $FINE, 'a request with headers that name a foreign host is answered 200');
    my $mail = only_mail_to($me->{email});
    unlike(UmTest::slurp($mail->{file}), qr/evil|gopher/, 'the foreign host is nowhere in the mail');
};

# ---- templates and markup in what people choose --------------------------------------------------------------------

case 'an address full of signs gets a well-formed mail' => sub {
    my $odd = q({token}{url}&'=?x*) . new_name() . '@example.org';
    my $me = register(email => $odd);
    answer_is(ask_reset($odd), 200, $FINE, 'a request for an address full of signs is answered 200');
    my $mail = only_mail_to($odd);
    is_deeply($mail->{wrong}, [], 'the mail to an address full of signs is well-formed');
    is($mail->{to}, $odd, 'the mail goes to the address full of signs');
    like($mail->{text}, qr/^Hello \Q$me->{username}\E,$/m, 'the mail has the usual text');
};

# Whatever comes into the database past the API makes no other mail.
case 'line ends that were put into the database make no other mail' => sub {
    my $me = account();
    my $end = UmTest::database() eq 'pgsql' ? 'chr(13) || chr(10)' : 'char(13) || char(10)';
    my $evil = new_address();
    UmTest::sql("update um_users set email = '$evil' || $end || 'Bcc: $evil' where id = '$me->{id}'");
    answer_is(ask_reset($me->{email}), 200, $FINE, 'a request is answered 200 while a stored address has line ends');
    ok(settle(), 'the outbox is empty');
    is(scalar(grep { UmTest::slurp($_) =~ /\Q$evil\E/ } glob UmMail::folder() . '/*.eml'), 0,
        'no mail goes to an address with line ends');
    like(UmTest::sql("select last_error from um_mail where user_id = '$me->{id}' and state = 2"), qr/address/,
        'the reason is in the row of the mail');

    $me = account();
    UmTest::sql("update um_users set username = 'x' || $end || '<b>{token}' || $end where id = '$me->{id}'");
    answer_is(ask_reset($me->{email}), 200, $FINE, 'a request for an account whose name has line ends is answered 200');
    my $mail = only_mail_to($me->{email});
    like($mail->{text}, qr/^Hello x +<b>\{token\} *,$/m, 'the name stays in its line of the text');
    like($mail->{html}, qr/Hello x +&lt;b&gt;\{token\} *,/, 'the name is escaped in the HTML');
};

# ---- what ends a token ---------------------------------------------------------------------------------------------

case 'a changed password ends a token' => sub {
    my $me = account();
    my $token = token_for($me);
    answer_is(call(POST => $me->{path}, token => $me->{token},
        json => qq({"old_password":"$me->{password}","new_password":"$NEW"})), 200, qr/.*/,
        'the change of the password is answered 200');
    answer_is(validate($token), 404, $GONE, 'a token from before the change is not found by validation');
    answer_is(confirm($token, 'Green-Hill#55'), 404, $GONE,
        'a token from before the change is not found by confirmation');
    ok(login($me->{username}, $NEW), 'the changed password is still valid');
};
case 'a changed address ends a token, another changed field does not' => sub {
    my $me = account();
    my $token = token_for($me);
    my $address = new_address();
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, json => '{"first_name":"Ann"}'), 200, qr/.*/,
        'the change of another field is answered 200');
    answer_is(validate($token), 200, $FINE, 'a token from before the change of another field is valid');
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, json => qq({"email":"$address"})), 200, qr/.*/,
        'the change of the address is answered 200');
    answer_is(validate($token), 404, $GONE, 'a token from before the change is not found by validation');
    answer_is(confirm($token, $NEW), 404, $GONE, 'a token from before the change is not found by confirmation');
    ok(login($me->{username}, $me->{password}), 'the password is as it was');
    answer_is(ask_reset($me->{email}), 200, $FINE, 'a request for the old address is answered 200');
    settle();
    is(scalar(grep { $_->{token} } mails_to($me->{email})), 1, 'no further token goes to the old address');
    like(token_for({ email => $address }), qr/\A\S{43}\z/, 'a token goes to the new address');
};
case 'a deleted account ends a token' => sub {
    my $me = account();
    my $token = token_for($me);
    answer_is(call(DELETE => $me->{path}, token => $me->{token}), 204, '', 'the account is deleted');
    answer_is(validate($token), 404, $GONE, 'the token of a deleted account is not found by validation');
    my $again = register(username => $me->{username}, email => $me->{email});
    answer_is(validate($token), 404, $GONE,
        'the token is not found after somebody has registered the same name and address');
    answer_is(confirm($token, $NEW), 404, $GONE, 'the token is not found by confirmation either');
    ok(login($again->{username}, $again->{password}), 'the password of the new account is as it was');
};
case 'a token ends after 24 hours' => sub {
    my $me = account();
    my $token = token_for($me);
    my $mine = "user_id = '$me->{id}'";
    is(UmTest::sql("select expires_at - created_at from um_one_time_tokens where $mine"), 86400,
        'a token lasts 24 hours');
    UmTest::sql("update um_one_time_tokens set expires_at = ${\ (time + 5)} where $mine");
    answer_is(validate($token), 200, $FINE, 'a token is valid in its last seconds');
    UmTest::sql("update um_one_time_tokens set expires_at = ${\ (time - 1)} where $mine");
    answer_is(validate($token), 404, $GONE, 'an expired token is not found by validation');
    answer_is(confirm($token, '123456'), 404, $GONE, 'an expired token is told before a weak password');
    answer_is(confirm($token, $NEW), 404, $GONE, 'an expired token is not found by confirmation');
    my $next = token_for($me);
    answer_is(validate($token), 404, $GONE, 'another request does not make an expired token valid');
    answer_is(confirm($next, $NEW), 200, $FINE, 'the token of another request is valid');
};

# ---- many at once --------------------------------------------------------------------------------------------------

case 'one of many confirmations at the same instant succeeds' => sub {
    my $me = account();
    my $token = token_for($me);
    my @new = map { sprintf 'Green-Hill#5%02d', $_ } 0 .. 49;
    my @answers = race(map { request_text(POST => $CONFIRM, json => qq({"token":"$token","password":"$_"})) } @new);
    my @won = grep { $answers[$_]{status} == 200 } 0 .. $#new;
    is(scalar @won, 1, 'fifty confirmations of one token at the same instant: exactly one succeeds')
        or diag(join ' ', map { $_->{status} } @answers);
    my @odd = grep { !/\A(?:404 \Q$GONE\E|503 \Q${\ detail('busy')}\E)\z/ }
        map { "$_->{status} $_->{body}" } grep { $_->{status} != 200 } @answers;
    is_deeply(\@odd, [], 'all other confirmations are answered 404 or 503');
    cmp_ok(scalar(grep { $_->{status} == 404 } @answers), '>=', 1, 'at least one other confirmation is answered 404');
    ok(login($me->{username}, $new[$won[0] || 0]), 'the password is that of the confirmation that succeeded');
    is(UmTest::sql("select count(distinct version) from um_users where id = '$me->{id}'"), 1,
        'the account has one version');
    answer_is(validate($token), 404, $GONE, 'the token is not found any more');
};

# Requests that come together may be written together: each is a mail all the same.
case 'requests at the same instant each get a mail' => sub {
    my @all = map { account() } 1 .. 40;
    my @answers = race((map { request_text(POST => $RESET, json => qq({"email":"$_->{email}"})) } @all),
        (map { request_text(POST => $RESET, json => $_) } '{"email":"x"}', '{}'));
    is(join(' ', map { $_->{status} } @answers), '200 ' x 40 . '400 400',
        'forty requests at the same instant are answered 200, and two faulty ones 400');
    ok(settle(), 'the outbox is empty');
    is(join(' ', map { scalar(() = mails_to($_->{email})) } @all), '1 ' x 39 . '1',
        'each of forty accounts got one mail');
};

# ---- not more than so many -----------------------------------------------------------------------------------------

case 'an account gets 20 mails an hour' => sub {
    my $me = account();
    my $mine = "user_id = '$me->{id}'";
    my @answers = map { ask_reset($me->{email}) } 1 .. 25;
    is(scalar(grep { "$_->{status} $_->{body}" eq "200 $FINE" } @answers), 25, '25 requests are answered alike');
    ok(settle(), 'the outbox is empty');
    my @mails = mails_to($me->{email});
    is(scalar @mails, 20, '20 mails came');
    is(rows('um_one_time_tokens', $mine), 20, 'the account has 20 tokens');
    is(scalar(grep { validate($_->{token})->{status} == 200 } @mails), 20, 'all 20 tokens are valid');
    my $other = account();
    ok(token_for($other), 'another account gets its mail');

    UmTest::sql("update um_one_time_tokens set created_at = created_at - 3601 where $mine");
    UmTest::sql("update um_mail set made_at = made_at - 3601 where $mine");
    my $late = token_for($me);
    is(rows('um_one_time_tokens', $mine), 20, 'after an hour one more mail comes, and the oldest token is deleted');
    answer_is(validate($late), 200, $FINE, 'the new token is valid');
    is(scalar(grep { validate($_->{token})->{status} == 200 } @mails), 19, '19 of the old tokens are valid');
    answer_is(confirm($late, $NEW), 200, $FINE, 'the new token sets a password');
    is(scalar(grep { validate($_->{token})->{status} == 200 } @mails, { token => $late }), 0,
        'no token is valid after that');
};

# ---- a site that sends no mail -------------------------------------------------------------------------------------

case 'a site that sends no mail answers alike and keeps nothing' => sub {
    my $me = account();
    with_trace(sub {
        answer_is(ask_reset($me->{email}, port => site_port('mute')), 200, $FINE,
            'a site without mail answers a request alike');
        is(rows('um_test_requests'), 0, 'a site without mail keeps no request');
    });
};

# ---- where tokens and passwords are not ----------------------------------------------------------------------------

case 'no token, password or address is in the database or the logs' => sub {
    my $me = account();
    answer_is(confirm(token_for($me), $NEW), 200, $FINE, 'a password is changed by a token');
    ok(token_for(account()), 'another token is mailed and not used');
    my $seen = join '|', map { quotemeta } tokens_seen();
    cmp_ok(scalar(() = tokens_seen()), '>', all_cases() ? 40 : 1, 'tokens were mailed before this is looked at');
    my $tables = join "\n", map { UmTest::sql("select * from $_") }
        qw(um_one_time_tokens um_mail um_requests um_users um_sessions);
    unlike($tables, qr/$seen/, 'no token is in the database');
    unlike(UmTest::since($log), qr/$seen/, 'no token is in the error log');
    unlike(UmTest::slurp(UmTest::access_log()), qr/$seen/, 'no token is in the access log');
    unlike($tables . UmTest::since($log), qr/\Q$NEW\E|Green-Hill/, 'no password is in the database or the error log');
    unlike(UmTest::since($log), qr/\@example\.org/, 'no address is in the error log');
    my @open = grep { (stat)[2] & 077 } glob UmMail::folder() . '/*.eml';
    is(scalar @open, 0, 'other users cannot read the files of the file transport');
};

api_done();
