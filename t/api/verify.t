#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Verification of e-mail addresses: on a host that asks for it, and on one where an account waits for it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMail;

my $GONE = detail('not_found');
my $UNKNOWN = 'A' x 43;
my $NEW = 'Red-House?38';
my @ON = (port => site_port('verify'));
my @REQUIRED = (port => site_port('required'));
my $log = UmTest::mark(UmTest::error_log());

sub verified {
    my ($account) = @_;
    return UmTest::sql("select email_verified from um_users where id = '$account->{id}'");
}

sub state_of {
    my ($account) = @_;
    return UmTest::sql("select is_active from um_users where id = '$account->{id}'");
}

# Registers at a host; the account as register() gives it.
sub register_at {
    my ($host, %member) = @_;
    %member = (username => new_name(), password => good_password(), email => new_address(), %member);
    my @members = map { json_text($_) . ':' . json_text($member{$_}) } sort keys %member;
    my $answer = call(POST => $USERS, @$host, json => '{' . join(',', @members) . '}');
    die "registration failed: $answer->{status} $answer->{body}\n" unless $answer->{status} == 201;
    my $made = json_of($answer);
    return { %$made, token => $made->{auth_token}, password => $member{password}, path => "$USERS$made->{id}/" };
}

sub verify {
    my ($token, @with) = @_;
    return call(POST => $VERIFIED, json => '{"token":' . json_text($token) . '}', @with ? @with : @ON);
}

sub ask_again {
    my ($address, @with) = @_;
    return call(POST => $VERIFY, json => '{"email":' . json_text($address) . '}', @with ? @with : @ON);
}

# ---- what is read and refused --------------------------------------------------------------------------------------

endpoint_rules($VERIFY, [email => 'email'], '{"email":"nobody@nowhere.example"}', [200, $FINE], @ON);
endpoint_rules($VERIFIED, [token => 'string'], qq({"token":"$UNKNOWN"}), [404, $GONE], @ON);
answer_is(verify($_), 404, $GONE, 'no token: ' . substr($_, 0, 20)) for $UNKNOWN, 'x', 'A' x 42, 'A' x 44, 'A' x 60_000;
answer_is(ask_again('x'), 400, faults(email => 'email'), 'no address');

# A host that does not verify.
{
    my $me = register(email => new_address());
    my $before = UmTest::sql('select count(*) from um_mail');
    my @host = (port => UmTest::port());
    answer_is(ask_again($me->{email}, @host), 404, $GONE, 'a host without verification: asked again');
    answer_is(verify($UNKNOWN, @host), 404, $GONE, 'and confirmed');
    is(UmTest::sql('select count(*) from um_mail'), $before, 'nothing is mailed there');
}

# ---- on ------------------------------------------------------------------------------------------------------------

{
    my $me = register_at(\@ON);
    like($me->{token}, qr/\A[^ "]+\z/, 'who registers is signed in');
    is(verified($me), 0, 'the address is not verified');
    my $mail = only_mail_to($me->{email});
    is_deeply($mail->{wrong}, [], 'the mail is well-formed');
    is($mail->{subject}, 'Confirm your e-mail address for localhost', 'its subject');
    is($mail->{type}, 'multipart/alternative', 'text and HTML');
    is($mail->{'auto-submitted'}, 'auto-generated', 'no answering machine answers it');
    like($mail->{token}, qr/\A[A-Za-z0-9_-]{43}\z/, 'its token');
    unlike("$mail->{text}$mail->{html}$mail->{subject}", qr/\Q$me->{username}\E/,
        'nothing that whoever registered has typed goes to an address that may be a stranger\'s');
    like($mail->{text}, qr{^https://front\.test\.example/verify/\Q$mail->{token}\E$}m, 'the page of the site');
    like($mail->{text}, qr/within 3 days\./, 'and how long');
    like($mail->{html}, qr{<a href="https://front\.test\.example/verify/\Q$mail->{token}\E">}, 'so does the HTML');
    is(UmTest::sql("select expires_at - created_at from um_one_time_tokens where user_id = '$me->{id}'"), 259200,
        'the token lasts three days');

    answer_is(validate($mail->{token}), 404, $GONE, 'it is no token of a reset: validate');
    answer_is(confirm($mail->{token}, $NEW), 404, $GONE, 'and confirm');
    my @sessions = ($me->{token}, login($me->{username}, $me->{password}));
    answer_is(verify($mail->{token}), 200, $FINE, 'confirmed');
    is(verified($me), 1, 'the address is verified');
    is(call(GET => $me->{path}, token => $_)->{status}, 200, 'no session ends') for @sessions;
    ok(login($me->{username}, $me->{password}), 'the password is the same');
    answer_is(verify($mail->{token}), 404, $GONE, 'the token is good once');
    is(verified($me), 1, 'which changes nothing');

    answer_is(ask_again($me->{email}), 200, $FINE, 'asked again for a verified address');
    answer_is(ask_again(new_address()), 200, $FINE, 'for an unknown one');
    settle();
    is(scalar(() = mails_to($me->{email})), 1, 'no further mail comes');

    ask_reset($me->{email});
    settle();
    my $reset = (mails_to($me->{email}))[-1]{token};
    answer_is(verify($reset), 404, $GONE, 'a token of a reset verifies nothing');
    answer_is(validate($reset), 200, $FINE, 'and is still good');

    # Another address is another matter.
    my $next = new_address();
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, @ON, json => qq({"email":"$next"})), 200,
        profile_of($me, email => $next), 'the address is changed');
    is(verified($me), 0, 'the new one is not verified');
    my $second = only_mail_to($next);
    is($second->{subject}, 'Confirm your e-mail address for localhost', 'a mail goes there');
    answer_is(verify($second->{token}), 200, $FINE, 'confirmed');
    is(verified($me), 1, 'it is verified now');
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, @ON, json => '{"first_name":"Ann","email":"'
        . ($next =~ s/example\.org/EXAMPLE.org/r) . '"}'), 200, profile_of($me, email => $next, first_name => 'Ann'),
        'the same address again, in another spelling');
    is(verified($me), 1, 'is still verified');
    settle();
    is(scalar(() = mails_to($next)), 1, 'and gets no mail');
}

{
    my $me = register_at(\@ON);
    my $first = only_mail_to($me->{email});
    answer_is(ask_again(uc $me->{email}, @ON, headers => ['Accept-Language: de']), 200, $FINE, 'asked again');
    settle();
    my @mails = mails_to($me->{email});
    is(scalar @mails, 2, 'another mail comes');
    is($mails[1]{subject}, 'Bestätige deine E-Mail-Adresse für localhost', 'in the language of who asked');
    is_deeply($mails[1]{wrong}, [], 'well-formed');
    my $next = new_address();
    call(PATCH => $me->{path}, token => $me->{token}, @ON, json => qq({"email":"$next"}));
    answer_is(verify($_->{token}), 404, $GONE, 'the address was changed: a token of the old one') for @mails;
    is(verified($me), 0, 'verifies nothing');
    answer_is(verify(only_mail_to($next)->{token}), 200, $FINE, 'the token of the new one does');
}

{
    my $me = register_at(\@ON, email => '');
    like($me->{token}, qr/\A[^ "]+\z/, 'registered without an address');
    my $before = UmTest::sql('select count(*) from um_mail');
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, @ON, json => '{"email":""}'), 200, qr/.*/,
        'none is changed to none');
    is(UmTest::sql('select count(*) from um_mail'), $before, 'no mail');
}

{
    my $me = register_at(\@ON);
    my $token = only_mail_to($me->{email})->{token};
    UmTest::sql("update um_one_time_tokens set expires_at = ${\ (time - 1)} where user_id = '$me->{id}'");
    answer_is(verify($token), 404, $GONE, 'a token that has run out');
    is(verified($me), 0, 'verifies nothing');
    ask_again($me->{email});
    settle();
    my $fresh = (mails_to($me->{email}))[-1]{token};
    my @answers = race((request_text(POST => $VERIFIED, json => qq({"token":"$fresh"}))) x 20);
    is(scalar(grep { $_->{status} == 200 } @answers), 1, 'twenty at the same instant: exactly one succeeds');
    is(scalar(grep { "$_->{status} $_->{body}" eq "404 $GONE" } @answers), 19, 'the others come too late');
    is(verified($me), 1, 'the address is verified');
}

# ---- required ------------------------------------------------------------------------------------------------------

{
    my @faulty = (['none', '', 'required'], ['a blank one', ',"email":""', 'blank'],
        ['blanks', ',"email":"  "', 'blank'], ['none that is any', ',"email":"x"', 'email'],
        ['null', ',"email":null', 'null']);
    for my $row (@faulty) {
        my ($what, $member, $fault) = @$row;
        my $name = new_name();
        answer_is(call(POST => $USERS, @REQUIRED, json => qq({"username":"$name","password":") . good_password()
             . qq("$member})), 400, faults(email => $fault), "an address is required: $what");
    }
    answer_is(call(POST => $USERS, @REQUIRED, json => '{}'), 400,
        faults(username => 'required', password => 'required', email => 'required'), 'nothing is given');

    my $me = register_at(\@REQUIRED);
    is($me->{token}, '', 'who registers is not signed in');
    is(state_of($me), 2, 'the account waits');
    my $refused = call(POST => $TOKEN, json => qq({"username":"$me->{username}","password":"$me->{password}"}));
    answer_is($refused, 400, faults(non_field_errors => 'login'), 'and cannot sign in');
    answer_is(ask_reset($me->{email}), 200, $FINE, 'a reset is asked for');
    my $mail = only_mail_to($me->{email}, 'but only the verification is mailed');
    is($mail->{subject}, 'Confirm your e-mail address for localhost', 'which it is');
    answer_is(ask_again($me->{email}, @REQUIRED), 200, $FINE, 'asked again');
    settle();
    my @mails = mails_to($me->{email});
    is(scalar @mails, 2, 'it is mailed again');
    answer_is(verify($mails[0]{token}, @REQUIRED), 200, $FINE, 'confirmed by the first mail');
    is(state_of($me) . verified($me), '11', 'the account is active, its address verified');
    my $token = login($me->{username}, $me->{password});
    answer_is(call(GET => $me->{path}, token => $token), 200, profile_of($me), 'it signs in');
    answer_is(verify($mails[0]{token}, @REQUIRED), 404, $GONE, 'the token is good once');

    my $next = new_address();
    answer_is(call(PATCH => $me->{path}, token => $token, @REQUIRED, json => qq({"email":"$next"})), 200, qr/.*/,
        'another address');
    is(state_of($me) . verified($me), '10', 'leaves the account active');
    ok(login($me->{username}, $me->{password}), 'which signs in');
    only_mail_to($next, 'and a mail goes to the new address');
}

# Who was switched off is not switched on by a mail.
{
    my $me = register_at(\@REQUIRED);
    my $token = only_mail_to($me->{email})->{token};
    UmTest::sql("update um_users set is_active = 0 where id = '$me->{id}'");
    verify($token, @REQUIRED);
    is(state_of($me), 0, 'an account that was switched off meanwhile stays so');
    answer_is(ask_again($me->{email}, @REQUIRED), 200, $FINE, 'asked again for it');
    settle();
    is(scalar(() = mails_to($me->{email})), 1, 'no mail comes');
}

# ---- strangers -----------------------------------------------------------------------------------------------------

# Somebody who puts a stranger's address into his account, again and again, and into many accounts.
for my $host (\@ON, \@REQUIRED) {
    my ($stranger, $own) = (new_address(), new_address());
    my $me = register_at(\@ON, email => $own);
    register_at($host, email => uc $stranger) for 1 .. 5;
    for my $email (($stranger, $own) x 30) {
        call(PATCH => $me->{path}, token => $me->{token}, @$host, json => qq({"email":"$email"}));
    }
    ask_again($stranger, @$host) for 1 .. 10;
    ok(settle(), 'registered with, changed to and fro, asked for');
    my @subjects = map { $_->{subject} } mails_to($stranger), mails_to((uc $stranger) =~ s/(\@.*)/lc $1/er);
    is(scalar @subjects, 20, 'a stranger gets 20 mails');
    is(scalar(grep { !/\AConfirm/ } @subjects), 0, 'to verify the address, and no other');
    is(UmTest::sql("select count(*) from um_mail where email_key = '$stranger' and state = 1"), 20, 'none is hidden');
    cmp_ok(UmTest::sql("select count(*) from um_mail where lower(address) = '$stranger' and state = 2 and"
        . " last_error like '%within the hour%'"), '>=', 15, 'the others are given up, with the reason');
}

# Only where an address is verified its owner is told that another one took its place.
{
    my $me = register_at(\@ON);
    answer_is(verify(only_mail_to($me->{email})->{token}), 200, $FINE, 'verified');
    my $next = new_address();
    call(PATCH => $me->{path}, token => $me->{token}, @ON, json => qq({"email":"$next"}));
    settle();
    is(join(' ', map { $_->{subject} } mails_to($me->{email})),
        'Confirm your e-mail address for localhost Your e-mail address at localhost was changed', 'is told');
    call(PATCH => $me->{path}, token => $me->{token}, @ON, json => '{"email":"' . new_address() . '"}');
    settle();
    is(scalar(() = mails_to($next)), 1, 'the next, which never was verified, is not');
}

# ---- not more than so many, and where tokens are not ----------------------------------------------------------------

{
    my $me = register_at(\@ON);
    ask_again($me->{email}) for 1 .. 22;
    ok(settle(), 'asked 22 times again');
    is(scalar(() = mails_to($me->{email})), 20, '20 mails came');
    my $seen = join '|', map { quotemeta } tokens_seen();
    unlike(join("\n", map { UmTest::sql("select * from $_") } qw(um_one_time_tokens um_mail um_requests)), qr/$seen/,
        'no token is in the database');
    unlike(UmTest::since($log), qr/$seen/, 'none in the error log');
    unlike(UmTest::since($log), qr/\@example\.org/, 'and no address');
}

api_done();
