#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A server whose new process has the number of the old one, as in a container that was restarted: a connection that was
# made anew is another one all the same, and a call that hangs on it is ended.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;
use UmApi;
use UmServer;

plan(skip_all => 'SQLite has no server that could hang') if UmTest::database() ne 'pgsql';

my $database = new_database();
my ($socket) = $database->{params} =~ /host=(\S+)/;
my ($folder, $port) = (UmTest::new_folder(), free_port());

# ---- between httpd and PostgreSQL: hands on what comes, and names one process whatever the server says ----------------

my %other;              # the other end of each
my $select = IO::Select->new;

sub cut {
    $select->remove($_), close $_ for values %other;
    %other = ();
    return;
}

sub connect_one {
    my $client = shift->accept or return;
    my $server = IO::Socket::UNIX->new(Peer => "$socket/.s.PGSQL.5432") or return close $client;
    @other{$client, $server} = ($server, $client);
    $select->add($client, $server);
    return;
}

# "K" is BackendKeyData: a length, the process, the secret.
sub hand_on {
    my ($from) = @_;
    my $to = $other{$from} or return;
    if (!sysread $from, my $bytes, 65536) {
        $select->remove($from, $to);
        delete @other{$from, $to};
        close $_ for $from, $to;
    }
    elsif (!-e "$folder/deaf") {
        $bytes =~ s/(K\0\0\0\x0c)....(?=....Z\0\0\0\x05)/$1\0\0\0\x2a/s;
        syswrite $to, $bytes;
    }
    return;
}

sub relay {
    my ($listener) = @_;
    $select->add($listener);
    while (-d $folder && getppid != 1) {
        for my $from ($select->can_read(0.1)) {
            $from == $listener ? connect_one($listener) : hand_on($from);
        }
        cut() if unlink "$folder/cut";
    }
    return;
}

my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 20, ReuseAddr => 1)
    or die "listen: $!\n";
my $relay = fork;
die "fork: $!\n" unless defined $relay;
if (!$relay) {
    eval { relay($listener) };
    POSIX::_exit(0);
}
END { my $status = $?; kill TERM => $relay if $relay; $? = $status }
close $listener;

sub order { UmTest::spew("$folder/" . shift, ''); return }

# ---- the module ------------------------------------------------------------------------------------------------------

my $params = $database->{params} =~ s/host=\S+/host=127.0.0.1 port=$port sslmode=disable gssencmode=disable/r;
my $server = UmServer->start({ %$database, params => $params }, <<'END', children => 1);
DBDMin 1
DBDMax 1
UserMgmtDatabaseTimeout 2s
UserMgmtMail none
END
$UmApi::PORT = $server->{port};
my $me = register();

sub status { return call(GET => $me->{path}, token => $me->{token}, any => 1)->{status} }

is(status(), 200, 'a request is answered 200 by the first connection');
order('cut');
await(20, sub { !-e "$folder/cut" });
is(status(), 200,
    'a request is answered 200 after another process of the same number took the place of the lost connection');
order('deaf');
is(status(), 503, 'a call on it gets no answer');
unlink "$folder/deaf" or die "deaf: $!\n";
ok(await(20, sub { status() == 200 }), 'a request is answered 200 after the connection was ended');
done_testing();
