#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Mails that tell people what was changed: the password, and the address they are told at.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMail;

my ($NEW, $NEXT) = ('Red-House?38', 'Green-Hill#55');
my @QUIET = (port => site_port('quiet'));
my %SUBJECT = (password => 'Your password at localhost was changed',
    email => 'Your e-mail address at localhost was changed');

sub account { return register(email => new_address(), @_) }

sub change_password {
    my ($account, $from, $to, @with) = @_;
    return call(POST => $account->{path}, token => $account->{token}, @with,
        json => '{"old_password":' . json_text($from) . ',"new_password":' . json_text($to) . '}');
}

sub change_email {
    my ($account, $to, @with) = @_;
    return call(PATCH => $account->{path}, token => $account->{token}, @with,
        json => '{"email":' . json_text($to) . '}');
}

# As if all mails to an address were an hour older.
sub pass_hour {
    my ($address) = @_;
    UmTest::sql('update um_mail set created_at = created_at - 3601, due_at = due_at - 3601, made_at = made_at - 3601'
        . " where address = '$address'");
    return;
}

# Mails of that subject to an address, once all is worked off.
sub notices {
    my ($address, $kind) = @_;
    settle();
    return grep { $_->{subject} eq $SUBJECT{$kind} } mails_to($address);
}

# ---- a new password ------------------------------------------------------------------------------------------------

{
    my $me = account();
    answer_is(change_password($me, 'wrong', $NEW), 400, faults(old_password => 'wrong'), 'a wrong old password');
    answer_is(change_password($me, $me->{password}, '123'), 400, qr/.*/, 'a weak new one');
    is(scalar(() = notices($me->{email}, 'password')), 0, 'nobody is told of what was not done');

    answer_is(change_password($me, $me->{password}, $NEW), 200, qr/.*/, 'changed');
    my $mail = only_mail_to($me->{email});
    is_deeply($mail->{wrong}, [], 'the mail is well-formed');
    is($mail->{subject}, $SUBJECT{password}, 'its subject');
    is($mail->{to}, $me->{email}, 'to the account');
    is($mail->{type}, 'multipart/alternative', 'text and HTML');
    is($mail->{'auto-submitted'}, 'auto-generated', 'no answering machine answers it');
    like($mail->{text}, qr/^Hello \Q$me->{username}\E,$/m, 'the text names the account');
    like($mail->{html}, qr/Hello \Q$me->{username}\E,/, 'so does the HTML');
    unlike(UmTest::slurp($mail->{file}), qr/\Q$NEW\E|\Q$me->{password}\E|[Tt]oken/,
        'no password is in it, nor a token');
}

{
    my $me = account();
    ask_reset($me->{email});
    my $token = only_mail_to($me->{email})->{token};
    confirm($token, '123456');
    confirm('A' x 43, $NEW);
    is(scalar(() = notices($me->{email}, 'password')), 0, 'a reset that was refused is told to nobody');
    answer_is(confirm($token, $NEW, headers => ['Accept-Language: de']), 200, $FINE, 'confirmed');
    settle();
    my @mails = grep { $_->{subject} eq 'Dein Passwort für localhost wurde geändert' } mails_to($me->{email});
    is(scalar @mails, 1, 'a reset is told, in the language of who confirmed');
    is_deeply($mails[0]{wrong}, [], 'well-formed');
    like($mails[0]{text}, qr/^Hallo \Q$me->{username}\E,$/m, 'by name');
}

{
    my $me = register(email => '');
    my $before = UmTest::sql('select count(*) from um_mail');
    answer_is(change_password($me, $me->{password}, $NEW), 200, qr/.*/, 'an account without an address');
    is(UmTest::sql('select count(*) from um_mail'), $before, 'is told nothing');
}

# One mail for eight changes of which one succeeds.
{
    my $me = account();
    my @answers = race(map { request_text(POST => $me->{path}, token => $me->{token},
        json => qq({"old_password":"$me->{password}","new_password":"$NEXT$_"})) } 1 .. 8);
    is(scalar(grep { $_->{status} == 200 } @answers), 1, 'eight changes at once: one succeeds');
    is(scalar(() = notices($me->{email}, 'password')), 1, 'and one mail tells of it');
}

# ---- another address -----------------------------------------------------------------------------------------------

{
    my $me = account();
    my $next = new_address();
    answer_is(change_email($me, 'x'), 400, faults(email => 'email'), 'no address');
    answer_is(change_email($me, $me->{email}), 200, qr/.*/, 'the same address');
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, json => '{"first_name":"Ann"}'), 200, qr/.*/,
        'another member');
    settle();
    is(scalar(() = mails_to($me->{email})), 0, 'nobody is told of what was not done');

    answer_is(change_email($me, $next), 200, qr/.*/, 'another address');
    my $mail = only_mail_to($me->{email}, 'the old address is told');
    is_deeply($mail->{wrong}, [], 'the mail is well-formed');
    is($mail->{subject}, $SUBJECT{email}, 'its subject');
    is($mail->{to}, $me->{email}, 'to the old address');
    like($mail->{text}, qr/^Old address: \Q$me->{email}\E$/m, 'which it names');
    like($mail->{text}, qr/^New address: \Q$next\E$/m, 'with the new one');
    like($mail->{text}, qr/^Hello \Q$me->{username}\E,$/m, 'and the account');
    is(scalar(() = mails_to($next)), 0, 'the new one gets no mail');

    answer_is(change_password({ %$me, email => $next }, $me->{password}, $NEW), 200, qr/.*/, 'then a new password');
    is(scalar(() = notices($next, 'password')), 1, 'is told at the new address');
    is(scalar(() = notices($me->{email}, 'password')), 0, 'and not at the old one');
}

{
    my $me = account();
    answer_is(change_email($me, '', headers => ['Accept-Language: de']), 200, qr/.*/, 'no address any more');
    settle();
    is(scalar(() = mails_to($me->{email})), 1, 'the old one is told');
    is((mails_to($me->{email}))[0]{subject}, 'Deine E-Mail-Adresse bei localhost wurde geändert', 'in German');
    my $before = UmTest::sql('select count(*) from um_mail');
    answer_is(change_email($me, new_address()), 200, qr/.*/, 'from none to one');
    is(UmTest::sql('select count(*) from um_mail'), $before, 'there is nobody to tell');
}

{
    my ($me, $staff) = (account(), account());
    UmTest::sql("update um_users set is_staff = 1 where id = '$staff->{id}'");
    answer_is(call(PUT => $me->{path}, token => $staff->{token}, json => '{"email":"' . new_address() . '"}'), 200,
        qr/.*/, 'staff changes the address of somebody');
    is(scalar(() = notices($me->{email}, 'email')), 1, 'who is told');
    is(scalar(() = mails_to($staff->{email})), 0, 'not the staff');
}

# Where no address is verified, one that is put into an account and taken out again gets one mail an hour of it.
{
    my ($me, $stranger) = (account(), new_address());
    change_email($me, $_) for $stranger, $me->{email};
    # Before the next change: a notice that is sent after all changes is the only one, for it tells of them all.
    is(scalar(() = notices($stranger, 'email')), 1, 'an address in and out again');
    change_email($me, $_) for ($stranger, $me->{email}) x 19;
    ok(settle(), 'to and fro');
    is(scalar(() = notices($stranger, 'email')), 1, 'its owner is told once');
    is(UmTest::sql("select count(*) from um_mail where address = '$stranger' and (state = 2 or due_at > " . (time + 1800)
        . ')'), 19, 'the other mails are given up, or wait');
    pass_hour($stranger);
    is(scalar(() = notices($stranger, 'email')), 2, 'an hour later once more');
    is(UmTest::sql("select count(*) from um_mail where address = '$stranger' and state = 0"), 0, 'and that was all');
}

# Whoever has got hold of a session changes the address so that its owner does not learn where it ended.
{
    my ($me, $thief) = (account(), new_address());
    my $mine = $me->{email};
    for my $spelling ($mine =~ s/(\@.*)/uc $1/er, ucfirst $mine, $mine) {
        answer_is(change_email($me, $spelling), 200, qr/.*/, 'the same address in other letters');
    }
    settle();
    is(scalar(() = map { mails_to($_) } $mine, ucfirst $mine), 0, 'is told to nobody');
    answer_is(change_email($me, $thief), 200, qr/.*/, 'then the address of a thief');
    is((notices($mine, 'email'))[0]{text} =~ /^New address: (\S+)$/m && $1, $thief, 'which is told');

    answer_is(change_email($me, $mine), 200, qr/.*/, 'back');
    my $third = new_address();
    answer_is(change_email($me, $third), 200, qr/.*/, 'and to another');
    my @notices = notices($mine, 'email');
    is(scalar @notices, 1, 'within the hour no more is told');
    pass_hour($mine);
    @notices = notices($mine, 'email');
    is(scalar @notices, 2, 'but once it is over');
    is($notices[-1]{text} =~ /^New address: (\S+)$/m && $1, $third, 'what has become of it');
    pass_hour($mine);
    is(scalar(() = notices($mine, 'email')), 2, 'and then no more');
}

# Nor can the notices to an address be used up by another account that has it.
{
    my $me = account();
    my $other = register(email => $me->{email});
    answer_is(change_email($other, new_address()), 200, qr/.*/, 'another account of the address leaves it');
    answer_is(change_email($me, new_address()), 200, qr/.*/, 'and then this one');
    is(scalar(() = notices($me->{email}, 'email')), 2, 'both are told');
}

# ---- what people choose says no more than itself --------------------------------------------------------------------

{
    my $odd = q({token}{username}&'=?utf-8?q?) . new_name() . '@example.org';
    my $me = account(username => new_name('_+@-.'));
    answer_is(change_email($me, $odd), 200, qr/.*/, 'a new address full of signs');
    my $mail = only_mail_to($me->{email});
    is_deeply($mail->{wrong}, [], 'makes a well-formed mail');
    like($mail->{text}, qr/^New address: \Q$odd\E$/m, 'which has it as it is');
    (my $escaped = $odd) =~ s/&/&amp;/;
    $escaped =~ s/'/&#39;/;
    my $html = $mail->{html};
    $html =~ s/&#x27;|&apos;/&#39;/g;
    like($html, qr/New address: \Q$escaped\E</, 'and the HTML escaped');
    like($mail->{text}, qr/^Hello \Q$me->{username}\E,$/m, 'the name is in its place');
}

# What came into the database past the API.
{
    my $me = account();
    my $end = UmTest::database() eq 'pgsql' ? 'chr(13) || chr(10)' : 'char(13) || char(10)';
    UmTest::sql("update um_users set username = 'x' || $end || $end || 'Bcc: <i>{email}</i>' where id = '$me->{id}'");
    answer_is(change_password($me, $me->{password}, $NEW), 200, qr/.*/, 'a name with line ends');
    my $mail = only_mail_to($me->{email});
    is_deeply($mail->{wrong}, [], 'makes a well-formed mail');
    is($mail->{bcc}, undef, 'adds no header');
    like($mail->{text}, qr/^Hello x +Bcc: <i>\{email\}<\/i>,$/m, 'stays in its line');
    like($mail->{html}, qr/Hello x +Bcc: &lt;i&gt;\{email\}&lt;\/i&gt;,/, 'and is no HTML');
}

# ---- switched off --------------------------------------------------------------------------------------------------

{
    my $me = account();
    my $before = UmTest::sql('select count(*) from um_mail');
    answer_is(change_password($me, $me->{password}, $NEW, @QUIET), 200, qr/.*/,
        'a host that tells nothing: a password');
    $me->{token} = login($me->{username}, $NEW);
    answer_is(change_email($me, new_address(), @QUIET), 200, qr/.*/, 'and an address');
    is(UmTest::sql('select count(*) from um_mail'), $before, 'nothing is mailed');

    $me = account();
    $before = UmTest::sql('select count(*) from um_mail');
    answer_is(change_password($me, $me->{password}, $NEW, port => site_port('mute')), 200, qr/.*/,
        'a host that sends no mail at all: a password');
    is(UmTest::sql('select count(*) from um_mail'), $before, 'nothing is mailed');
    my $log = UmTest::mark(UmTest::error_log());
    answer_is(ask_reset($me->{email}, port => site_port('mute')), 200, $FINE, 'a reset is asked for as anywhere');
    is(UmTest::sql('select count(*) from um_mail'), $before, 'and leaves nothing');
    unlike(UmTest::since($log), qr/warn/, 'nor a complaint');
}

api_done();
