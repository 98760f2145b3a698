#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# From a request to a mailbox: SMTP with TLS, a login and authorities, and a sendmail program.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMail;
use UmServer;
use UmSmtpd;

my $PASSWORD = 'Sec:ret 9#';
my $FROM = 'accounts@test.example';
my ($authority, $certificate, $key) = UmSmtpd::certificates();
my ($stranger) = UmSmtpd::certificates();
my $login = UmTest::spew(UmTest::new_folder() . '/login', "mailer:$PASSWORD\n");
my $wrong = UmTest::spew(UmTest::new_folder() . '/login', "mailer:Other:secret-8#\n");
chmod 0600, $login, $wrong;
my @servers;

sub start {
    my ($database, @lines) = @_;
    push @servers, UmServer->start($database, join "\n", @lines);
    return $servers[-1];
}

# Waits until sending a mail has failed. Returns its row as "state attempts reason".
sub stuck {
    my ($database) = @_;
    await(20, sub { $database->{sql}->("select 1 from um_mail where state = 0 and last_error <> ''") });
    return $database->{sql}->("select state || ' ' || attempts || ' ' || last_error from um_mail"
        . " where last_error <> ''");
}

# ---- a mail server by other authors: STARTTLS and a login ------------------------------------------------------------

{
    my $database = new_database();
    my $sink = UmSmtpd->start_real($certificate, $key, 'mailer', $PASSWORD);
    my $server = start($database, "UserMgmtMail smtp+starttls://localhost:$sink->{port}", "UserMgmtMailLogin $login",
        "UserMgmtMailCAFile $authority");
    my @port = (port => $server->{port});
    my @to = add_accounts($database, 20, 'real');
    my $name = new_name('Zoë');
    my $me = json_of(call(POST => $USERS, @port, json => qq({"username":"$name","password":"Blue-Tree!71x",)
        . '"email":"zoe@example.org"}'));
    all_fine([ask_each($server, @to, 'nobody@example.org', 'ZOE@example.org')], 'requests are answered');
    ok(settle(sql => $database->{sql}), 'all mails are sent');
    my @mails = mails_in($sink->{folder});
    each_once(\@mails, [@to, 'zoe@example.org'], 'each account got one mail');
    is_deeply([map { @{ $_->{wrong} } } @mails], [], 'the mails are well-formed');
    each_once([$sink->taken], [@to, 'zoe@example.org'], 'each mail came in an envelope of its own');
    is_deeply([grep { $_->{from} ne $FROM } $sink->taken], [], 'each envelope has the configured sender');
    is(scalar(grep { $_ eq 'tls 1 login mailer' } $sink->lines), 21, 'each mail came over TLS, after the login');
    is($sink->connections, 1, 'all mails came over one connection');

    my ($mail) = grep { $_->{to} eq 'zoe@example.org' } @mails;
    like($mail->{text}, qr/^Hello \Q$name\E,$/m, 'letters that are not ASCII arrive');
    answer_is(validate($mail->{token}, @port), 200, $FINE, 'the token is valid');
    answer_is(confirm($mail->{token}, 'Red-House?38', @port), 200, $FINE, 'the token sets a password');
    is(call(POST => $TOKEN, @port, json => qq({"username":"$name","password":"Red-House?38"}))->{status}, 200,
        'the new password signs in');
    is(call(GET => "$USERS$me->{id}/", @port, token => $me->{auth_token})->{status}, 401,
        'the reset ends older sessions');
    ok(settle(sql => $database->{sql}), 'the notice is sent');
    is(scalar(grep { $_->{to} eq 'zoe@example.org' } mails_in($sink->{folder})), 2, 'the notice is a second mail');
    is($database->{sql}->('select count(*) from um_mail where state <> 1'), 0, 'every row is recorded as sent');
}

# ---- servers that cannot be trusted get nothing ----------------------------------------------------------------------

{
    my $database = new_database();
    my $sink = UmSmtpd->start('--tls', $certificate, $key, '--login', "mailer:$PASSWORD");
    my $good = "UserMgmtMail smtp+starttls://localhost:$sink->{port}\nUserMgmtMailLogin $login\n"
        . "UserMgmtMailCAFile $authority";
    my $server = start($database, $good =~ s/\Q$authority\E/$stranger/r);
    my ($to) = add_accounts($database, 1, 'ca');
    ask_each($server, $to);
    like(stuck($database), qr/\A0 0 .*certificate/i,
        'an unknown authority: the mail is not sent and the reason is recorded');
    is(scalar(() = $sink->taken), 0, 'the server got nothing');
    is(scalar(grep { /\Alogin/ } $sink->lines), 0, 'no login was sent');

    my $hurry = sub { $database->{sql}->("update um_mail set due_at = 0, last_error = '' where state = 0") };
    $server->configure($good =~ s/\Q$login\E/$wrong/r);
    ok($server->graceful, 'the right authority, a wrong password');
    $hurry->();
    like(stuck($database), qr/\A0 0 .*535/, 'the mail is not sent and the reason is recorded');
    is(scalar(() = $sink->taken), 0, 'the server took nothing');

    $server->configure($good);
    ok($server->graceful, 'the server is restarted with the right settings');
    $hurry->();
    ok(settle(sql => $database->{sql}), 'the mail is sent with the right settings');
    is(join(' ', map { $_->{to} } $sink->taken), $to, 'the mail came once');
}

{
    my $database = new_database();
    my $sink = UmSmtpd->start;
    my $server = start($database, "UserMgmtMail smtp+starttls://localhost:$sink->{port}");
    my ($to) = add_accounts($database, 1, 'clear');
    ask_each($server, $to);
    like(stuck($database), qr/\A0 0 \S/, 'a server without STARTTLS: the mail is not sent and the reason is recorded');
    is(scalar(() = $sink->taken), 0, 'no mail goes in clear text');
}

# ---- smtps:// and smtp:// --------------------------------------------------------------------------------------------

for my $row (['smtps', '--smtps', $certificate, $key, '--login', "mailer:$PASSWORD"], ['smtp']) {
    my ($scheme, @words) = @$row;
    my $database = new_database();
    my $sink = UmSmtpd->start(@words);
    my @more = $scheme eq 'smtps' ? ("UserMgmtMailLogin $login", "UserMgmtMailCAFile $authority") : ();
    my $server = start($database, "UserMgmtMail $scheme://localhost:$sink->{port}", @more);
    my @to = add_accounts($database, 5, $scheme);
    ask_each($server, @to);
    ok(settle(sql => $database->{sql}), "the mail is sent by $scheme");
    each_once([$sink->taken], \@to, "$scheme: each mail came once");
    is($sink->connections, 1, "$scheme: all mails came over one connection");
    is(scalar(grep { /\Acommand/ } $sink->lines), 0, "$scheme: every command is understood");
    my @mails = mails_in($sink->{folder});
    is_deeply([map { @{ $_->{wrong} } } @mails], [], "the mail is well-formed: $scheme");
    is_deeply([sort map { $_->{id} } $sink->taken], [sort map { $_->{id} } @mails],
        "$scheme: the server and the mails have the same Message-IDs");
}

# ---- sendmail: -------------------------------------------------------------------------------------------------------

{
    my $database = new_database();
    my $folder = UmTest::new_folder();
    my $program = UmTest::spew("$folder/sendmail", "#!/bin/sh\nprintf '%s\\n' \"\$*\" >>$folder/calls\n"
        . "case \"\$*\" in *no.such*) exit 67;; esac\ncat >$folder/\$\$.new && mv $folder/\$\$.new $folder/\$\$.eml\n");
    chmod 0755, $program;
    my $server = start($database, "UserMgmtMail \"sendmail:$program -i -x\"");
    my @to = (add_accounts($database, 3, 'local'), add_accounts($database, 1, 'no.such'));
    ask_each($server, @to);
    ok(settle(sql => $database->{sql}), 'sendmail: the outbox is empty');
    each_once([mails_in($folder)], [@to[0 .. 2]], 'the program gets the mails');
    # Mails of the same millisecond come in any order.
    is(join('', sort split /^/, UmTest::slurp("$folder/calls")), join('', sort map { "-i -x -f $FROM -- $_\n" } @to),
        'the program gets the sender and the recipients as arguments');
    like($database->{sql}->("select state || ' ' || last_error from um_mail where state <> 1"), qr/\A2 \S/,
        'an unknown user: the mail is given up and the reason is recorded');
}

# ---- no secrets in the logs ------------------------------------------------------------------------------------------

{
    my $logs = join '', map { $_->log } @servers;
    my $secrets = join '|', map { quotemeta } tokens_seen(), $PASSWORD, 'Other:secret-8#', 'Red-House?38';
    like($logs, qr/UM503/, 'the logs have the mails that could not be sent');
    unlike($logs, qr/$secrets/, 'no token and no password is in the logs');
    unlike($logs, qr/\@example\.org/, 'no address is in the logs');
    is(join('', map { $_->crashes } @servers), '', 'no process of the server crashed');
}

api_done();
