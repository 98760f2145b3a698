#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two hosts share a database; each has its own mail server and texts. Neither sends the other's mails, and neither waits
# for the other's server.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);
use UmApi;
use UmMail;
use UmServer;
use UmSmtpd;

my $database = new_database();
my $sql = $database->{sql};
my ($silent, $sink) = (UmSmtpd->start('connect=hang'), UmSmtpd->start);
my ($second, $mute) = (free_port(), free_port());
my $server = UmServer->start($database, <<"END");
UserMgmtMail smtp://127.0.0.1:$silent->{port}
Listen 127.0.0.1:$second
Listen 127.0.0.1:$mute
<VirtualHost 127.0.0.1:$second>
    ServerName Second.example
    UserMgmt On
    UserMgmtSiteName "the second"
    UserMgmtMail smtp://127.0.0.1:$sink->{port}
</VirtualHost>
<VirtualHost 127.0.0.1:$mute>
    ServerName mute.example
    UserMgmt On
    UserMgmtMail none
</VirtualHost>
END
my $other = { port => $second };
my @first = add_accounts($database, 20, 'first');
my @second = add_accounts($database, 20, 'second');

# A mail without a site, from an older version. Any host may send it, except one with UserMgmtMail none.
$sql->("insert into um_mail (id, kind, due_at, address, created_at) select '00000000-0000-4000-8000-000000000001',"
    . " 'reset', 0, 'nobody\@example.org', " . int(time));

# ---- one mail server is silent ---------------------------------------------------------------------------------------

all_fine([ask_each($server, @first)], 'requests to the first are answered');
ok(await(15, sub { $sql->("select 1 from um_mail where last_error <> '' limit 1") }),
    'sending for the first host has failed');
for my $part (0 .. 3) {
    my @to = @second[5 * $part .. 5 * $part + 4];
    my $began = time;
    all_fine([ask_each($other, @to)], 'requests to the second are answered');
    ok(await(15, sub { my %to = map { $_->{to} => 1 } $sink->taken; !grep { !$to{$_} } @to }),
        'all mails of the second host are sent');
    cmp_ok(time - $began, '<', 5, 'the second host does not wait for the first');
}
is(scalar(grep { $_->{to} =~ /\Afirst/ } $sink->taken), 0, 'no mail of the first host is sent');
is($sql->("select count(*) from um_mail where state = 0 and address like 'first%'"), 20,
    'all mails of the first host wait');
is($sql->("select count(distinct site) from um_mail where site = 'second.example:$second' and state = 1"), 1,
    'the row of a mail has name and port of its host');
my @mails = mails_in($sink->{folder});
is(scalar(grep { $_->{subject} eq 'Reset your password at the second' } @mails), 20,
    'the mails of the second host have its own subject');

# ---- the first host gets another mail server -------------------------------------------------------------------------

my $new = UmSmtpd->start;
$server->configure("UserMgmtMail smtp://127.0.0.1:$new->{port}");
ok($server->graceful, 'the first host gets another mail server, the second host is removed');
$sql->('update um_mail set due_at = 0 where state = 0');
ok(settle(sql => $sql), 'all mails are sent once the first host has a mail server');
each_once([grep { $_->{to} =~ /\Afirst/ } $new->taken], \@first, 'each mail of the first host came once');
is(scalar(grep { $_->{to} =~ /\Asecond/ } $new->taken), 0, 'no mail of the second host goes to the other server');

# ---- a host with another name ----------------------------------------------------------------------------------------

$sql->('insert into um_mail (id, kind, due_at, address, site, created_at)'
    . " select '00000000-0000-4000-8000-000000000002', 'reset', 0, '$second[0]', 'second.example:$second',
        " . int(time));
ask_each($server, $first[0]);
ok(await(10, sub { $new->taken == 21 }), 'another mail of the first host is sent');
is($sql->('select count(*) from um_mail where state = 0'), 1, 'a mail of a removed host waits');
$sql->("update um_mail set site = (select min(site) from um_mail where site like 'localhost%') where state = 0");
ok(settle(sql => $sql), 'a mail is sent when the administrator gives it to another host');

# ---- a host with UserMgmtMail none -----------------------------------------------------------------------------------

my @told = grep { /UM507/ } split /\n/, $server->log;
is(scalar @told, 1, 'a host without mail is logged once, at the start');
like($told[0], qr/\[usermgmt:notice\].*UserMgmtMail is none: a request to mute\.example for a mail/,
    'the line names the host without mail');
is($server->crashes, '', 'no process of the server crashed');

api_done();
