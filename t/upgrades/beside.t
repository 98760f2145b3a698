#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Servers of an earlier version work while the schema is upgraded and while servers of this version join them, one by one.
# Clients write down each request and answer (t/lib/UmLedger.pm): none is wrong, nothing is lost or done twice. t/upgrades/run
# builds the earlier versions and brings them here; without them this is skipped.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmLedger;
use UmServer;
use UmSmtpd;
use UmTest ();
use UmUpgrade;

my @versions = sort glob UmTest::scratch() . '/old/*';
plan(skip_all => 'earlier versions are built by t/upgrades/run') unless @versions;

my $is_pgsql = UmTest::database() eq 'pgsql';
my $LOAD = 4;           # seconds of load in each state

# A database with the schema of that version.
sub database_of {
    my ($folder) = @_;
    my $database = new_database(is_empty => 1);
    apply($database, sort glob "$folder/sql/" . UmTest::database() . '/*.sql');
    return $database;
}

# The lines of a server without the directives that its module does not know.
sub known {
    my ($module, $lines) = @_;
    my $bytes = UmTest::slurp($module);
    return join "\n", grep { !/\A\s*(UserMgmt\w+)/ || index($bytes, $1) >= 0 } split /\n/, $lines;
}

# A node with that module. All have the same keys, the same name and the same mail server.
sub node {
    my ($site, $module, $texts) = @_;
    local $ENV{UM_TEST_MODULE} = $module;
    my $lines = known($module, <<"END");
ServerName $SITE
UserMgmtSigningKey $site->{keys}
UserMgmtMail smtp://127.0.0.1:$site->{sink}{port}
UserMgmtMailTemplates $texts
UserMgmtEmailVerification on
UserMgmtVerifyURL "https://front.test.example/verify/{token}"
UserMgmtSessionLifetime 30d
UserMgmtRefreshGrace 300s
UserMgmtHashQueue 1000
UserMgmtHashWait 10s
$site->{pages}
END
    return UmServer->start($site->{database}, $lines, threads => 16, filter => sub { known($module, $_[0]) });
}

sub site {
    my ($folder) = @_;
    my $keys = UmTest::new_folder();
    UmTest::new_key("$keys/one.pem");
    return { database => database_of($folder), keys => $keys, sink => UmSmtpd->start('--no-store'), pages => private_pages(),
        ports => UmTest::new_folder() . '/ports' };
}

sub balance {
    my ($site, @nodes) = @_;
    UmTest::spew("$site->{ports}.new", join ' ', map { $_->{port} } @nodes);
    rename "$site->{ports}.new", $site->{ports} or die "$!\n";
    return;
}

# All mails have been sent. What an ended worker has claimed is made due: leases last longer than a test.
sub mails_are_sent {
    my ($site) = @_;
    my $sql = $site->{database}{sql};
    my $due = time + 2;
    return await(60, sub {
        my $left = $sql->('select (select count(*) from um_requests) + (select count(*) from um_mail where state = 0)');
        if ($left && time > $due) {
            $sql->('update um_mail set due_at = 1, claim = null where state = 0 and due_at > 1');
            $due = time + 2;
        }
        return !$left;
    });
}

# The upgrade of the schema is over in this time: refusals are right in it alone.
my %during;

sub upgrade_schema {
    my ($site, $name) = @_;
    $during{began} = time;
    my ($status, $said) = upgrade($site->{database});
    $during{over} = time + 0.5;
    is($status, 0, "$name: the schema is upgraded beside the servers of before") or diag($said);
    note($said);
    return;
}

# Two old nodes, of which one after the other is replaced.
sub nodes {
    my ($name, $folder, $site) = @_;
    my $old = "$folder/mod_usermgmt.so";
    my @old = map { node($site, $old, "$folder/mail") } 1, 2;
    balance($site, @old);
    local $UmApi::PORT = $old[0]{port};
    my $reader = register();
    my $ledger = UmLedger->start(clients => 4, ports => $site->{ports}, page => { path => '/private/page.txt',
        token => $reader->{token} });
    sleep $LOAD;
    upgrade_schema($site, $name);
    sleep $LOAD;
    my @new;
    for my $number (0, 1) {
        my $node = node($site, UmTest::module(), UmTest::sources() . '/conf/mail');
        push @new, $node;
        balance($site, @new, @old[$number .. 1]);
        sleep $LOAD;
        balance($site, @new, @old[$number + 1 .. 1]);
        # The balancer sends it no more requests, and those that it has are answered.
        sleep 1;
        $old[$number]->stop;
        is($old[$number]->crashes, '', "$name: no process of an old node crashed");
    }
    sleep $LOAD;
    return ($new[0], $ledger->stop);
}

# One server, whose module is replaced as a package does it, with a graceful restart.
sub one_server {
    my ($name, $folder, $site) = @_;
    my $module = UmTest::new_folder() . '/mod_usermgmt.so';
    UmTest::spew($module, UmTest::slurp("$folder/mod_usermgmt.so"));
    my $server = node($site, $module, "$folder/mail");
    balance($site, $server);
    local $UmApi::PORT = $server->{port};
    my $reader = register();
    my $ledger = UmLedger->start(clients => 4, ports => $site->{ports}, page => { path => '/private/page.txt',
        token => $reader->{token} });
    sleep $LOAD;
    UmTest::spew("$module.new", UmTest::slurp(UmTest::module()));
    rename "$module.new", $module or die "$!\n";
    UmTest::spew("$server->{folder}/httpd.conf", UmTest::slurp("$server->{folder}/httpd.conf") =~
        s{^(UserMgmtMailTemplates) .*}{"$1 " . UmTest::sources() . '/conf/mail'}gmre);
    my @children = $server->children;
    $during{began} = time;
    ok($server->graceful, "$name: a graceful restart with the new module");
    await(30, sub { !grep { kill 0 => $_ } @children });
    $during{over} = time + 0.5;
    sleep $LOAD;
    return ($server, $ledger->stop);
}

for my $folder (@versions) {
    my ($name) = $folder =~ m{([^/]+)\z};
    my $site = site($folder);
    my ($server, @entries) = $is_pgsql ? nodes($name, $folder, $site) : one_server($name, $folder, $site);
    local $UmApi::PORT = $server->{port};
    is(steps_of($site->{database}), scalar steps(), "$name: the database has all steps");
    my @wrong = refusals(\@entries, \%during);
    is(join("\n", @wrong > 12 ? (@wrong[0 .. 11], '... ' . @wrong) : @wrong), '', "$name: no answer is wrong");
    ok(mails_are_sent($site), "$name: all mails are sent");
    my $found = audit($site->{database}{sql}, \@entries, [$site->{sink}->taken]);
    # Modules of before step 012 store no events.
    @{ $found->{half_done} } = grep { !/events/ } @{ $found->{half_done} } if $name lt '012';
    my @all = map { my $kind = $_; map { "$kind: $_" } @{ $found->{$kind} } } sort keys %$found;
    push @all, sample(\@entries, 12);
    is(join("\n", @all > 12 ? (@all[0 .. 11], '... ' . @all) : @all), '', "$name: nothing is lost, doubled or half done");
    my $refused = grep { $_->{status} == 503 } @entries;
    my ($longest) = sort { $b <=> $a } map { $_->{ended} - $_->{began} } grep { $_->{began} && $_->{ended} >= $during{began}
        && $_->{began} <= $during{over} } @entries;
    my $line = sprintf '%-8s from %s: %d requests, %d told to try again; the schema took %.1f s, and the longest request'
        . ' meanwhile %.1f s', UmTest::database(), $name, scalar(grep { $_->{began} } @entries), $refused,
        $during{over} - 0.5 - $during{began}, $longest;
    open my $out, '>>', UmTest::scratch() . '/logs/upgrades' or die "upgrades: $!\n";
    print {$out} "$line\n";
    close $out;
    note($line);
    is($server->crashes, '', "$name: no process crashed");
    $server->stop;
    $site->{sink}->stop;
    UmServer::stop_all();
}

done_testing();
