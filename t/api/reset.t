#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Forgotten passwords: a request, the mail, validation of its token, and the new password.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMail;

my $GONE = detail('not_found');
my $NEW = 'Red-House?38';
my $log = UmTest::mark(UmTest::error_log());
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
    answer_is(ask_reset($account->{email}, @with), 200, $FINE, "asked for $account->{email}");
    settle();
    my @mails = mails_to($account->{email});
    is(@mails - $before, 1, 'a mail came');
    return $mails[-1]{token};
}

sub rows {
    my ($table, $where) = @_;
    return UmTest::sql("select count(*) from $table" . ($where ? " where $where" : ''));
}

# The worker takes requests away at once, so each leaves a trace.
sub trace_requests {
    UmTest::sql('create table um_test_requests (address text, kind text)');
    my $insert = 'insert into um_test_requests values (new.address, new.kind);';
    if (UmTest::database() eq 'pgsql') {
        UmTest::sql("create function um_test_trace() returns trigger language plpgsql as"
            . " 'begin $insert return null; end'");
        UmTest::sql('create trigger um_test_trace after insert on um_requests for each row'
            . ' execute function um_test_trace()');
    }
    else {
        UmTest::sql("create trigger um_test_trace after insert on um_requests begin $insert end");
    }
    return;
}

sub end_trace {
    UmTest::sql('drop trigger um_test_trace' . (UmTest::database() eq 'pgsql' ? ' on um_requests' : ''));
    UmTest::sql('drop function um_test_trace') if UmTest::database() eq 'pgsql';
    UmTest::sql('drop table um_test_requests');
    return;
}

trace_requests();

# ---- what is read and refused --------------------------------------------------------------------------------------

endpoint_rules($RESET, [email => 'email'], '{"email":"nobody@nowhere.example"}', [200, $FINE]);
endpoint_rules($VALIDATE, [token => 'string'], qq({"token":"$UNKNOWN"}), [404, $GONE]);
endpoint_rules($CONFIRM, [password => 'string', token => 'string'], qq({"token":"$UNKNOWN","password":"$NEW"}),
    [404, $GONE]);

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
my $rows_before = rows('um_test_requests');
for my $row (@bad) {
    my ($what, $address, $faults, $raw) = @$row;
    answer_is(call(POST => $RESET, json => '{"email":' . ($raw ? "\"$address\"" : json_text($address)) . '}'), 400,
        faults(email => $faults), "no address: $what");
}
is(rows('um_test_requests'), $rows_before, 'nothing of it is kept');

my @no_token = (
    ['unknown', $UNKNOWN], ['a letter', 'x'], ['one short', 'A' x 42], ['one long', 'A' x 44],
    ['very long', 'A' x 60_000], ['signs', '../../etc/passwd'], ['SQL', "' or '1'='1"], ['a pattern', '%'],
    ['other letters', "\xc3\xa4" x 43], ['43 signs', '%' x 43],
    ['a hash', 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg'],
);
for my $row (@no_token) {
    my ($what, $token) = @$row;
    answer_is(validate($token), 404, $GONE, "no token: $what: validate");
    answer_is(confirm($token, $NEW), 404, $GONE, "no token: $what: confirm");
}

# ---- from the mail to the new password -----------------------------------------------------------------------------

{
    my $name = new_name('Zoë');
    my $address = 'Sunflower.' . new_address('exAMPle.org');
    (my $stored = $address) =~ s/exAMPle/example/;
    my $me = register(username => $name, first_name => 'Ann', email => $address);
    my @older = ($me->{token}, login($name, $me->{password}));
    my $asked_at = time;
    answer_is(ask_reset('  ' . uc($address) . ' '), 200, $FINE, 'asked in another spelling');
    my $mail = only_mail_to($stored);

    is_deeply($mail->{wrong}, [], 'the mail is well-formed');
    is($mail->{type}, 'multipart/alternative', 'text and HTML');
    is($mail->{to}, $stored, 'to the address as it is stored');
    unlike(UmTest::slurp($mail->{file}), qr/\Q${\ uc $address}\E/, 'what was typed is nowhere in it');
    is($mail->{from}, 'accounts@test.example', 'from');
    is($mail->{'from-name'}, 'Accounts', 'and by name');
    is($mail->{subject}, 'Reset your password at localhost', 'subject');
    is($mail->{'auto-submitted'}, 'auto-generated', 'no answering machine answers it');
    like($mail->{id}, qr/\A<$UUID\@test\.example>\z/, 'its Message-ID');
    ok($mail->{date} >= $asked_at - 1 && $mail->{date} <= time + 1, 'its date');
    like($mail->{token}, qr/\A[A-Za-z0-9_-]{43}\z/, 'a token of 256 bits');
    my $url = "https://front.test.example/reset/$mail->{token}";
    like($mail->{text}, qr/^Hello \Q$name\E,$/m, 'the text names the account');
    like($mail->{text}, qr/^\Q$url\E$/m, 'the page of the site');
    like($mail->{text}, qr/within 24 hours\./, 'and how long');
    like($mail->{html}, qr/<p>Hello \Q$name\E,<\/p>/, 'the HTML names the account');
    like($mail->{html}, qr/<a href="\Q$url\E">/, 'links to the page');
    like($mail->{html}, qr/<code>\Q$mail->{token}\E<\/code>/, 'and has the token');
    unlike($mail->{text} . $mail->{html}, qr/\{\w*\}/, 'nothing is left of the template');
    is_deeply([grep { !/\A(?:from|from-name|to|to-name|subject|date|id|type|text|html|token|file|wrong|auto-submitted
        |x-auto-response-suppress|mime-version)\z/x } sort keys %$mail], [], 'and nothing else is in it');

    my $token = $mail->{token};
    answer_is(validate($token), 200, $FINE, "validate, time $_") for 1 .. 3;
    answer_is(validate(" $token\n" =~ s/\n/\\n/r), 404, $GONE, 'not with a backslash behind it');
    answer_is(call(POST => $VALIDATE, json => qq({"token":" $token\\n"})), 200, $FINE,
        'white space around it is passed over');
    answer_is(validate($_), 404, $GONE, 'a token that is nearly it')
        for lc $token, uc $token, substr($token, 1), "${token}A", reverse($token) . '', substr($token, 0, 42) . '+';
    is(call(GET => $me->{path}, token => $me->{token})->{status}, 200, 'asking and validating leave sessions alone');
    ok(login($name, $me->{password}), 'and the password');

    # fields, then token, then policy
    answer_is(call(POST => $CONFIRM, json => '{"password":"123456"}'), 400, faults(token => 'required'),
        'no token, weak password: the token is missing');
    answer_is(call(POST => $CONFIRM, json => qq({"token":"$token"})), 400, faults(password => 'required'),
        'no password');
    answer_is(call(POST => $CONFIRM, json => qq({"token":"$token","password":""})), 400, faults(password => 'blank'),
        'a blank password');
    answer_is(confirm($token, 'aB3$' x 256 . 'x'), 400, faults(password => 'max1024'), 'a password that is too long');
    answer_is(confirm($UNKNOWN, '123456'), 404, $GONE, 'unknown token, weak password: the token is before the policy');
    my @weak = (['123456', [qw(short common numeric)]], ['aB3$xyz', 'short'], ['password', 'common'],
        ['83726194057', 'numeric'], [$name, 'like_username'], ['sunflower7', 'like_email']);
    answer_is(confirm($token, $_->[0]), 400, faults(password => $_->[1]), "weak: $_->[0]") for @weak;
    answer_is(validate($token), 200, $FINE, 'the token is still good');
    ok(login($name, $me->{password}), 'and so is the password');

    push @older, login($name, $me->{password});
    my $other = token_for($me);
    isnt($other, $token, 'another request gives another token');
    answer_is(validate($_), 200, $FINE, 'and both are good') for $token, $other;
    answer_is(confirm($token, " $NEW "), 200, $FINE, 'confirmed');
    ok(!login($name, $me->{password}), 'the old password is over');
    ok(!login($name, $NEW), 'the new one is not trimmed');
    my $fresh = login($name, " $NEW ");
    answer_is(call(GET => $me->{path}, token => $fresh), 200, profile_of($me), 'it signs in');
    answer_is(call(GET => $me->{path}, token => $older[$_]), 401, detail('bad_token'), "older session $_ is dead")
        for 0 .. $#older;
    for my $dead ($token, $other) {
        my $what = $dead eq $token ? 'the used token' : 'the other token';
        answer_is(validate($dead), 404, $GONE, "$what: validate");
        answer_is(confirm($dead, $me->{password}), 404, $GONE, "$what: confirm");
    }
    ok(login($name, " $NEW "), 'the new password stands');
    unlike(call(POST => $CONFIRM, json => '{}')->{body}, qr/token":"[A-Za-z0-9]/, 'no answer signs anybody in');
}

# ---- by web forms --------------------------------------------------------------------------------------------------

{
    my $me = account();
    (my $coded = $me->{email}) =~ s/@/%40/;
    answer_is(call(POST => $RESET, form => "email=$coded"), 200, $FINE, 'asked by a form');
    my $token = only_mail_to($me->{email})->{token};
    answer_is(call(POST => $VALIDATE, form => "token=$token"), 200, $FINE, 'validated by a form');
    answer_is(call(POST => $CONFIRM, form => "token=$token&password=+Red%2DHouse%3F38"), 200, $FINE,
        'confirmed by a form');
    ok(login($me->{username}, ' Red-House?38'), 'and the password is what it said');
}

# ---- who gets mail -------------------------------------------------------------------------------------------------

{
    my $shared = 'Shared.' . new_address();
    my @of_it = map { register(email => $_) } $shared, lc $shared, $shared =~ s/@/@/r;
    my $off = register(email => $shared);
    UmTest::sql("update um_users set is_active = 0 where id = '$off->{id}'");
    my $apart = register(email => "x$shared");
    answer_is(ask_reset(uc $shared), 200, $FINE, 'asked for an address of several');
    ok(settle(), 'worked off');
    my @mails = (mails_to($shared), mails_to(lc $shared));
    is_deeply([sort map { ($_->{text} =~ /^Hello (\S+),$/m)[0] } @mails], [sort map { $_->{username} } @of_it],
        'one mail for each active account, which it names');
    is_deeply([sort map { $_->{to} } @mails], [sort map { $_->{email} } @of_it], 'each to the address of its account');
    my %differ = map { $_->{token} => 1 } @mails;
    is(scalar keys %differ, 3, 'each with a token of its own');
    is_deeply([map { $_->{id} } mails_to("x$shared")], [], 'none to another address');
    my %ids = map { $_->{id} => 1 } @mails;
    is(scalar keys %ids, 3, 'and a Message-ID of its own');

    my ($first) = grep { ($_->{text} =~ /^Hello (\S+),$/m)[0] eq $of_it[0]{username} } @mails;
    my ($second) = grep { ($_->{text} =~ /^Hello (\S+),$/m)[0] eq $of_it[1]{username} } @mails;
    answer_is(confirm($first->{token}, $NEW), 200, $FINE, 'the token of one account');
    ok(login($of_it[0]{username}, $NEW), 'changes the password of that account');
    ok(login($of_it[$_]{username}, $of_it[$_]{password}), "and not of account $_") for 1, 2;
    answer_is(validate($second->{token}), 200, $FINE, 'tokens of the others stay good');
}

{
    my $me = account();
    my $token = token_for($me);
    UmTest::sql("update um_users set is_active = 0 where id = '$me->{id}'");
    answer_is(validate($token), 404, $GONE, 'an account that was switched off meanwhile: validate');
    answer_is(confirm($token, $NEW), 404, $GONE, 'and confirm');
    answer_is(ask_reset($me->{email}), 200, $FINE, 'asking is answered as ever');
    settle();
    is(scalar(() = mails_to($me->{email})), 1, 'but no mail comes');
    UmTest::sql("update um_users set is_active = 1 where id = '$me->{id}'");
    ok(login($me->{username}, $me->{password}), 'the password was not changed');
}

# The domain in other letters that look alike is the same domain, and the mail goes to what is stored. Before the at
# sign they are refused.
{
    my $domain = new_name('kelvin') . '.example';
    my $me = register(email => "ann\@$domain");
    (my $typed = $domain) =~ s/\Ak/\xe2\x84\xaa/;     # the sign of the unit kelvin
    my $answer = ask_reset("ann\@$typed");
    settle();
    my @mails = mails_to($me->{email});
    like($answer->{status}, qr/\A(?:200|400)\z/, 'a letter that looks alike');
    is($mails[0]{to}, $me->{email}, 'the mail goes to what is stored') if @mails;
    is_deeply([grep { UmTest::slurp($_) =~ /\xe2\x84\xaa|xn--/ } map { $_->{file} } @mails], [], 'and nowhere else');
}

{
    my $domain = new_name('bücher') . '.example';
    my $me = register(email => "ann\@$domain");
    answer_is(ask_reset("ANN\@" . ($domain =~ s/\xc3\xbc/\xc3\x9c/r)), 200, $FINE, 'an international domain');
    ok(settle(), 'worked off');
    my ($mail) = grep { UmTest::slurp($_->{file}) =~ /To: <ann\@xn--/ }
        UmMail::mails_in(UmTest::scratch() . '/' . UmTest::database() . '/mail', "ann\@" . to_ascii($domain));
    like($mail->{to} || '', qr/\Aann\@xn--[a-z0-9-]+(?:\.[a-z]+)+\z/, 'it gets its mail');
}

sub to_ascii {
    my ($domain) = @_;
    my ($status, $output) = UmTest::run('/usr/bin/python3', '-c',
        'import sys; print(".".join(p.encode("idna").decode() for p in sys.argv[1].split(".")))', $domain);
    chomp $output;
    return $output;
}

# ---- known or not: the same answer and the same work ---------------------------------------------------------------

{
    my $me = account();
    my $off = account();
    UmTest::sql("update um_users set is_active = 0 where id = '$off->{id}'");
    my %alike;
    for my $case ([known => $me->{email}], [unknown => new_address()], ['switched off' => $off->{email}]) {
        my ($what, $address) = @$case;
        my $before = rows('um_test_requests');
        my $answer = ask_reset($address);
        answer_is($answer, 200, $FINE, "$what: answered");
        is(rows('um_test_requests', "address = '$address' and kind = 'reset'"), 1, "$what: one row");
        is(rows('um_test_requests') - $before, 1, "$what: and no other");
        my $head = $answer->{head};
        $alike{join "\n", map { "$_: @{ $head->{$_} }" } grep { $_ ne 'date' } sort keys %$head}++;
    }
    is(scalar keys %alike, 1, 'the headers are alike') or diag(join "\n--\n", keys %alike);
    ok(settle(), 'worked off');
    is(rows('um_mail', "address = '$off->{email}' and kind = 'reset'"), 0,
        'of a request for nobody nothing is left');
}

# ---- languages -----------------------------------------------------------------------------------------------------

my @languages = (
    [undef, 'Reset your password at localhost'], ['de', 'Neues Passwort für localhost'],
    ['en', 'Reset your password at localhost'], ['de-AT, fr;q=0.9', 'Neues Passwort für localhost'],
    ['DE', 'Neues Passwort für localhost'], ['fr, de;q=0.5, en;q=0.3', 'Neues Passwort für localhost'],
    ['fr', 'Reset your password at localhost'], ['en;q=0.2, de;q=0.8', 'Neues Passwort für localhost'],
    ['de;q=0, en', 'Reset your password at localhost'], ['*', 'Reset your password at localhost'],
    ['../../de', 'Reset your password at localhost'], ['', 'Reset your password at localhost'],
);
{
    my @asked;
    for my $row (@languages) {
        my $me = account();
        ask_reset($me->{email}, headers => [defined $row->[0] ? "Accept-Language: $row->[0]" : ()]);
        push @asked, [$me, @$row];
    }
    ok(settle(), 'worked off');
    for my $case (@asked) {
        my ($me, $language, $subject) = @$case;
        my ($mail) = mails_to($me->{email});
        is($mail->{subject}, $subject, 'Accept-Language: ' . (defined $language ? $language : '(none)'));
        is_deeply($mail->{wrong}, [], 'the mail is well-formed');
    }
    my ($german) = mails_to($asked[1][0]{email});
    like($german->{text}, qr/^Hallo \Q$asked[1][0]{username}\E,$/m, 'the German text');
    like($german->{html}, qr/<html lang="de">.*Neues Passwort wählen/s, 'the German HTML');
}

# ---- where a link leads to is the administrator's business ----------------------------------------------------------

{
    my $me = account();
    my $body = qq({"email":"$me->{email}"});
    my $text = request_text(POST => $RESET, json => $body, headers => ['X-Forwarded-Host: evil.example',
        'Forwarded: host=evil.example', 'Origin: https://evil.example', 'Referer: https://evil.example/',
        'X-Forwarded-Proto: gopher']);
    $text =~ s/^Host: localhost/Host: evil.example/m or die;
    my $answer = answers(exchange($text, answers => 1))->[0];
    answer_is($answer, 200, $FINE, 'asked with hosts of a stranger');
    my $mail = only_mail_to($me->{email});
    unlike(UmTest::slurp($mail->{file}), qr/evil|gopher/, 'which are nowhere in the mail');
}

# ---- templates and markup in what people choose --------------------------------------------------------------------

{
    my $odd = q({token}{url}&'=?x*) . new_name() . '@example.org';
    my $me = register(email => $odd);
    answer_is(ask_reset($odd), 200, $FINE, 'an address full of signs');
    my $mail = only_mail_to($odd);
    is_deeply($mail->{wrong}, [], 'makes a well-formed mail');
    is($mail->{to}, $odd, 'to it');
    like($mail->{text}, qr/^Hello \Q$me->{username}\E,$/m, 'with the usual text');
}

# Whatever comes into the database past the API makes no other mail.
{
    my $me = account();
    my $end = UmTest::database() eq 'pgsql' ? 'chr(13) || chr(10)' : 'char(13) || char(10)';
    my $evil = new_address();
    UmTest::sql("update um_users set email = '$evil' || $end || 'Bcc: $evil' where id = '$me->{id}'");
    answer_is(ask_reset($me->{email}), 200, $FINE, 'an address with line ends, put there by hand');
    ok(settle(), 'is done with');
    is(scalar(grep { UmTest::slurp($_) =~ /\Q$evil\E/ } glob UmMail::folder() . '/*.eml'), 0, 'without a mail');
    like(UmTest::sql("select last_error from um_mail where user_id = '$me->{id}' and state = 2"), qr/address/,
        'and the reason is noted');

    $me = account();
    UmTest::sql("update um_users set username = 'x' || $end || '<b>{token}' || $end where id = '$me->{id}'");
    answer_is(ask_reset($me->{email}), 200, $FINE, 'a name with line ends, put there by hand');
    my $mail = only_mail_to($me->{email});
    like($mail->{text}, qr/^Hello x +<b>\{token\} *,$/m, 'stays in its line');
    like($mail->{html}, qr/Hello x +&lt;b&gt;\{token\} *,/, 'and is no HTML');
}

# ---- what ends a token ---------------------------------------------------------------------------------------------

{
    my $me = account();
    my $token = token_for($me);
    answer_is(call(POST => $me->{path}, token => $me->{token},
        json => qq({"old_password":"$me->{password}","new_password":"$NEW"})), 200, qr/.*/, 'the password is changed');
    answer_is(validate($token), 404, $GONE, 'a token of before: validate');
    answer_is(confirm($token, 'Green-Hill#55'), 404, $GONE, 'and confirm');
    ok(login($me->{username}, $NEW), 'the changed password stands');
}
{
    my $me = account();
    my $token = token_for($me);
    my $address = new_address();
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, json => '{"first_name":"Ann"}'), 200, qr/.*/,
        'another member is changed');
    answer_is(validate($token), 200, $FINE, 'a token of before is still good');
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, json => qq({"email":"$address"})), 200, qr/.*/,
        'the address is changed');
    answer_is(validate($token), 404, $GONE, 'a token of before: validate');
    answer_is(confirm($token, $NEW), 404, $GONE, 'and confirm');
    ok(login($me->{username}, $me->{password}), 'the password stands');
    answer_is(ask_reset($me->{email}), 200, $FINE, 'asked for the old address');
    settle();
    is(scalar(grep { $_->{token} } mails_to($me->{email})), 1, 'no further token goes there');
    like(token_for({ email => $address }), qr/\A\S{43}\z/, 'but to the new one');
}
{
    my $me = account();
    my $token = token_for($me);
    answer_is(call(DELETE => $me->{path}, token => $me->{token}), 204, '', 'the account is deleted');
    answer_is(validate($token), 404, $GONE, 'its token: validate');
    my $again = register(username => $me->{username}, email => $me->{email});
    answer_is(validate($token), 404, $GONE, 'somebody registers the same name and address: validate');
    answer_is(confirm($token, $NEW), 404, $GONE, 'and confirm');
    ok(login($again->{username}, $again->{password}), 'his password stands');
}
{
    my $me = account();
    my $token = token_for($me);
    my $mine = "user_id = '$me->{id}'";
    is(UmTest::sql("select expires_at - created_at from um_one_time_tokens where $mine"), 86400,
        'a token lasts 24 hours');
    UmTest::sql("update um_one_time_tokens set expires_at = ${\ (time + 5)} where $mine");
    answer_is(validate($token), 200, $FINE, 'good in its last seconds');
    UmTest::sql("update um_one_time_tokens set expires_at = ${\ (time - 1)} where $mine");
    answer_is(validate($token), 404, $GONE, 'run out: validate');
    answer_is(confirm($token, '123456'), 404, $GONE, 'run out, and a weak password');
    answer_is(confirm($token, $NEW), 404, $GONE, 'run out: confirm');
    my $next = token_for($me);
    answer_is(validate($token), 404, $GONE, 'another request does not revive it');
    answer_is(confirm($next, $NEW), 200, $FINE, 'and has a clock of its own');
}

# ---- many at once --------------------------------------------------------------------------------------------------

{
    my $me = account();
    my $token = token_for($me);
    my @new = map { sprintf 'Green-Hill#5%02d', $_ } 0 .. 49;
    my @answers = race(map { request_text(POST => $CONFIRM, json => qq({"token":"$token","password":"$_"})) } @new);
    my @won = grep { $answers[$_]{status} == 200 } 0 .. $#new;
    is(scalar @won, 1, 'fifty confirmations of one token at the same instant: exactly one succeeds')
        or diag(join ' ', map { $_->{status} } @answers);
    my @odd = grep { !/\A(?:404 \Q$GONE\E|503 \Q${\ detail('busy')}\E)\z/ }
        map { "$_->{status} $_->{body}" } grep { $_->{status} != 200 } @answers;
    is_deeply(\@odd, [], 'the others come too late');
    cmp_ok(scalar(grep { $_->{status} == 404 } @answers), '>=', 1, 'and are told so');
    ok(login($me->{username}, $new[$won[0] || 0]), 'the password is the winner\'s');
    is(UmTest::sql("select count(distinct version) from um_users where id = '$me->{id}'"), 1, 'one account');
    answer_is(validate($token), 404, $GONE, 'the token is over');
}

# Requests that come together may be written together: each is a mail all the same.
{
    my @all = map { account() } 1 .. 40;
    my @answers = race((map { request_text(POST => $RESET, json => qq({"email":"$_->{email}"})) } @all),
        (map { request_text(POST => $RESET, json => $_) } '{"email":"x"}', '{}'));
    is(join(' ', map { $_->{status} } @answers), '200 ' x 40 . '400 400', 'forty requests at the same instant');
    ok(settle(), 'worked off');
    is(join(' ', map { scalar(() = mails_to($_->{email})) } @all), '1 ' x 39 . '1', 'forty mails');
}

# ---- not more than so many -----------------------------------------------------------------------------------------

{
    my $me = account();
    my $mine = "user_id = '$me->{id}'";
    my @answers = map { ask_reset($me->{email}) } 1 .. 25;
    is(scalar(grep { "$_->{status} $_->{body}" eq "200 $FINE" } @answers), 25, '25 requests are answered alike');
    ok(settle(), 'worked off');
    my @mails = mails_to($me->{email});
    is(scalar @mails, 20, '20 mails came');
    is(rows('um_one_time_tokens', $mine), 20, 'with 20 tokens');
    is(scalar(grep { validate($_->{token})->{status} == 200 } @mails), 20, 'which are all good');
    my $other = account();
    ok(token_for($other), 'somebody else gets his mail');

    UmTest::sql("update um_one_time_tokens set created_at = created_at - 3601 where $mine");
    UmTest::sql("update um_mail set made_at = made_at - 3601 where $mine");
    my $late = token_for($me);
    is(rows('um_one_time_tokens', $mine), 20, 'an hour later one more comes, and the oldest token goes');
    answer_is(validate($late), 200, $FINE, 'the new one is good');
    is(scalar(grep { validate($_->{token})->{status} == 200 } @mails), 19, 'and 19 of the old ones');
    answer_is(confirm($late, $NEW), 200, $FINE, 'it sets a password');
    is(scalar(grep { validate($_->{token})->{status} == 200 } @mails, { token => $late }), 0,
        'and all of them are over');
}

# ---- a site that sends no mail -------------------------------------------------------------------------------------

{
    my $me = account();
    my $before = rows('um_test_requests');
    answer_is(ask_reset($me->{email}, port => site_port('mute')), 200, $FINE, 'a site without mail answers as ever');
    is(rows('um_test_requests'), $before, 'and keeps nothing');
}

end_trace();

# ---- where tokens and passwords are not ----------------------------------------------------------------------------

{
    my $seen = join '|', map { quotemeta } tokens_seen();
    cmp_ok(scalar(() = tokens_seen()), '>', 40, 'many tokens were mailed');
    my $tables = join "\n", map { UmTest::sql("select * from $_") }
        qw(um_one_time_tokens um_mail um_requests um_users um_sessions);
    unlike($tables, qr/$seen/, 'none of them is in the database');
    unlike(UmTest::since($log), qr/$seen/, 'none is in the error log');
    unlike(UmTest::slurp(UmTest::access_log()), qr/$seen/, 'none is in the access log');
    unlike($tables . UmTest::since($log), qr/\Q$NEW\E|Green-Hill/, 'no password either');
    unlike(UmTest::since($log), qr/\@example\.org/, 'and no address in the log');
    my @open = grep { (stat)[2] & 077 } glob UmMail::folder() . '/*.eml';
    is(scalar @open, 0, 'others cannot read the files of the file transport');
}

api_done();
