# SPDX-License-Identifier: Apache-2.0
package UmCluster;
# A PostgreSQL cluster of a suite's own, on 127.0.0.1, which can be stopped as a whole: its processes stay and answer
# nobody. It ends with the suite, whatever happens.
#
#   my $cluster = UmCluster->start;     my $database = $cluster->database;    # as UmServer's new_database
#   $cluster->freeze;   $cluster->thaw;   $cluster->restart('fast');   $cluster->kill_parent;   $cluster->restore;
#   $cluster->revive;   my $standby = $cluster->standby;   $standby->promote;
use strict;
use warnings;
use Fcntl ':flock';
use POSIX ();
use UmProcess ();
use UmServer;
use UmTest ();

my %running;

# with: lines of its configuration; environment of its processes; initdb: further options of that.
sub start {
    my ($class, %with) = @_;
    my $self = $class->create(environment => $with{environment} || {});
    if ($with{initdb}) {
        $self->initialize(@{ $with{initdb} });
    }
    else {
        UmTest::output_of('cp', '-R', $class->template->{folder} . '/data', "$self->{folder}/data");
        chmod 0700, "$self->{folder}/data" or die "$!\n";
    }
    $self->configure($with{lines} || '');
    $self->launch;
    $self->fill if $with{initdb};
    return $self;
}

sub create {
    my ($class, %with) = @_;
    return bless { folder => UmTest::new_folder(), port => free_port(), programs => UmTest::setting('PGBIN'),
        environment => {}, %with }, $class;
}

sub initialize {
    my ($self, @options) = @_;
    $self->run('initdb', '-D', "$self->{folder}/data", qw(-U usermgmt -A trust -E UTF8 --locale=C.UTF-8 --no-sync),
        @options);
    return;
}

sub configure {
    my ($self, $lines) = @_;
    open my $out, '>>', "$self->{folder}/data/postgresql.conf" or die "postgresql.conf: $!\n";
    print {$out} "listen_addresses = '127.0.0.1'\nport = $self->{port}\nunix_socket_directories = ''\nfsync = off\n",
        "max_connections = 100\n", $lines;
    close $out or die "postgresql.conf: $!\n";
    return;
}

# One that does not run, from which the others are copied: to initialize each takes seconds. A run of the tests has one.
sub template {
    my ($class) = @_;
    my $folder = UmTest::scratch() . '/tmp/cluster';
    open my $lock, '>>', "$folder.lock" or die "$folder.lock: $!\n";
    flock $lock, LOCK_EX or die "$folder.lock: $!\n";
    if (!-d $folder) {
        my $self = $class->create;
        $self->initialize;
        UmTest::output_of('cp', "$self->{folder}/data/postgresql.conf", "$self->{folder}/postgresql.conf");
        $self->configure('');
        $self->launch;
        $self->fill;
        $self->pg_ctl('stop', '-m', 'fast');
        delete $running{ $self->{pid} };
        rename "$self->{folder}/postgresql.conf", "$self->{folder}/data/postgresql.conf" or die "$!\n";
        rename $self->{folder}, $folder or die "$folder: $!\n";
    }
    return { folder => $folder };
}

# The database accounts, with the schema and nothing in it.
sub fill {
    my ($self) = @_;
    my @where = ('-h', '127.0.0.1', '-p', $self->{port}, '-U', 'usermgmt');
    $self->run('createdb', @where, 'accounts');
    $self->run('psql', @where, qw(-Xq1 -v ON_ERROR_STOP=1),
        (map { ('-f', $_) } sort glob UmTest::sources() . '/sql/pgsql/*.sql'), 'accounts');
    return;
}

# Its output must not keep our pipe open.
sub pg_ctl {
    my ($self, @words) = @_;
    local %ENV = (%ENV, %{ $self->{environment} });
    return $self->run('pg_ctl', '-D', "$self->{folder}/data", '-s', '-w', '-l', "$self->{folder}/log", @words);
}

sub note_pid {
    my ($self) = @_;
    delete $running{ $self->{pid} } if $self->{pid};
    ($self->{pid}) = UmTest::slurp("$self->{folder}/data/postmaster.pid") =~ /\A(\d+)/ or die "no postmaster\n";
    $running{ $self->{pid} } = $self;
    return $self;
}

sub launch {
    my ($self) = @_;
    $self->pg_ctl('start');
    return $self->note_pid;
}

# mode: smart, fast or immediate
sub restart {
    my ($self, $mode) = @_;
    $self->pg_ctl('restart', '-m', $mode);
    return $self->note_pid;
}

# As if it had run out of memory. Its processes notice by themselves that it is gone.
sub kill_parent {
    my ($self) = @_;
    kill KILL => $self->{pid};
    await(10, sub { !kill 0 => $self->{pid} });
    return;
}

# Starts it after that. It refuses while processes of the killed one are there.
sub restore {
    my ($self) = @_;
    await(30, sub { eval { $self->pg_ctl('start'); 1 } }) or die "PostgreSQL did not start again\n";
    return $self->note_pid;
}

# Waits until it answers again after it has failed by itself, and starts it if it has given up.
sub revive {
    my ($self) = @_;
    await(60, sub { eval { $self->sql('select 1'); 1 } || eval { $self->pg_ctl('start'); 1 } })
        or die "PostgreSQL did not start again\n";
    return $self->note_pid;
}

# A streaming standby of it, whose commits it waits for from then on: a change that was acknowledged is on both.
sub standby {
    my ($self, $port) = @_;
    my $standby = (ref $self)->create($port ? (port => $port) : ());
    my $folder = $standby->{folder};
    $self->run('pg_basebackup', '-h', '127.0.0.1', '-p', $self->{port}, qw(-U usermgmt -R -c fast --no-sync -X stream -D),
        "$folder/data");
    open my $out, '>>', "$folder/data/postgresql.conf" or die "postgresql.conf: $!\n";
    print {$out} "port = $standby->{port}\nsynchronous_standby_names = ''\ndefault_transaction_read_only = off\n";
    close $out or die "postgresql.conf: $!\n";
    UmTest::spew("$folder/data/postgresql.auto.conf", join '', grep { !/synchronous|read_only/ }
        map { "$_\n" } split /\n/, UmTest::slurp("$folder/data/postgresql.auto.conf"));
    $standby->launch;
    $self->sql("alter system set synchronous_standby_names = '*'");
    $self->sql('select pg_reload_conf()');
    await(20, sub { $self->sql("select count(*) from pg_stat_replication where sync_state = 'sync'") })
        or die "the standby does not follow\n";
    return $standby;
}

sub promote {
    my ($self) = @_;
    $self->pg_ctl('promote');
    return;
}

sub run {
    my ($self, $program, @arguments) = @_;
    my ($status, $output) = UmTest::run("$self->{programs}/$program", @arguments);
    die "$program: $output\n" if $status;
    chomp $output;
    return $output;
}

sub database {
    my ($self) = @_;
    return { driver => 'pgsql', params => $self->params, sql => sub { return $self->sql($_[0]) } };
}

# A connection string to it, or through another port.
sub params {
    my ($self, $port) = @_;
    return "host=127.0.0.1 port=" . ($port || $self->{port}) . ' user=usermgmt dbname=accounts connect_timeout=2'
        . ' tcp_user_timeout=5000' . ($port ? ' sslmode=disable gssencmode=disable' : '');
}

# In the database accounts, past the server of the tests.
sub sql {
    my ($self, $text) = @_;
    return $self->run('psql', '-h', '127.0.0.1', '-p', $self->{port}, '-U', 'usermgmt',
        qw(-XqAt -v ON_ERROR_STOP=1 -d accounts -c), $text);
}

# The postmaster and its children.
sub processes {
    my ($self) = @_;
    return ($self->{pid}, UmProcess::children_of($self->{pid}));
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
