# SPDX-License-Identifier: Apache-2.0
package UmCluster;
# A PostgreSQL cluster of a suite's own, on 127.0.0.1, which can be stopped as a whole: its processes stay and answer
# nobody. It ends with the suite, whatever happens.
#
#   my $cluster = UmCluster->start;     my $database = $cluster->database;    # as UmServer's new_database
#   $cluster->freeze;   $cluster->thaw;
use strict;
use warnings;
use POSIX ();
use UmServer;
use UmTest ();

my %running;

sub start {
    my ($class) = @_;
    my $folder = UmTest::new_folder();
    my $self = bless { folder => $folder, port => free_port(), programs => UmTest::setting('PGBIN') }, $class;
    $self->run('initdb', '-D', "$folder/data", qw(-U usermgmt -A trust -E UTF8 --locale=C.UTF-8 --no-sync));
    open my $out, '>>', "$folder/data/postgresql.conf" or die "postgresql.conf: $!\n";
    print {$out} "listen_addresses = '127.0.0.1'\nport = $self->{port}\nunix_socket_directories = ''\nfsync = off\n",
        "max_connections = 100\n";
    close $out or die "postgresql.conf: $!\n";
    # Its output must not keep our pipe open.
    $self->run('pg_ctl', '-D', "$folder/data", '-s', '-w', '-l', "$folder/log", 'start');
    ($self->{pid}) = UmTest::slurp("$folder/data/postmaster.pid") =~ /\A(\d+)/ or die "no postmaster\n";
    $running{ $self->{pid} } = $self;
    return $self;
}

sub run {
    my ($self, $program, @arguments) = @_;
    my ($status, $output) = UmTest::run("$self->{programs}/$program", @arguments);
    die "$program: $output\n" if $status;
    chomp $output;
    return $output;
}

# A database with the schema and nothing in it.
sub database {
    my ($self) = @_;
    my @where = ('-h', '127.0.0.1', '-p', $self->{port}, '-U', 'usermgmt');
    $self->run('createdb', @where, 'accounts');
    $self->run('psql', @where, qw(-Xq1 -v ON_ERROR_STOP=1),
        (map { ('-f', $_) } sort glob UmTest::sources() . '/sql/pgsql/*.sql'), 'accounts');
    return { driver => 'pgsql', params => "host=127.0.0.1 port=$self->{port} user=usermgmt dbname=accounts"
        . ' connect_timeout=2 tcp_user_timeout=5000',
        sql => sub { return $self->run('psql', @where, qw(-XqAt -v ON_ERROR_STOP=1 -d accounts -c), $_[0]) } };
}

# The postmaster and its children, until no new one appears.
sub processes {
    my ($self) = @_;
    my @all = ($self->{pid});
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;
        my ($pid, $parent) = (<$in> || '') =~ /\A(\d+) \(.*\) \S (\d+)/s or next;
        push @all, $pid if $parent == $self->{pid};
    }
    return @all;
}

# The postmaster first, so that it starts no further process.
sub freeze {
    my ($self) = @_;
    kill STOP => $_ for $self->processes;
    kill STOP => $_ for $self->processes;
    return;
}

sub thaw {
    my ($self) = @_;
    kill CONT => $_ for reverse $self->processes;
    return;
}

sub stop {
    my ($self) = @_;
    delete $running{ $self->{pid} } or return;
    $self->thaw;
    kill QUIT => $self->{pid};
    await(20, sub { !kill 0 => $self->{pid} });
    return;
}

END {
    my $status = $?;
    $_->stop for values %running;
    $? = $status;
}

1;
