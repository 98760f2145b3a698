# SPDX-License-Identifier: Apache-2.0
package UmTest;
# What a suite may know of the server it runs against and of the scratch folder that ./runtests has made for the run.
# Suites of t/api/ run with the server's own folder as current folder, once for each database.
use strict;
use warnings;
use Fcntl 'LOCK_EX';
use File::Path ();
use File::Temp ();
use IO::Socket::INET;
use Time::HiRes ();

my $number = 0;

sub setting {
    my ($name) = @_;
    defined $ENV{"UM_TEST_$name"} or die "UM_TEST_$name is not set: start the tests with ./runtests\n";
    return $ENV{"UM_TEST_$name"};
}

sub scratch { return setting('SCRATCH') }
sub database { return setting('DATABASE') }     # sqlite3 or pgsql
sub sequence { return setting('SEQUENCE') }     # the suites with which this one shares a server (t/harness)
sub folder { return scratch() . '/' . sequence() }  # of that server and of what else they share
sub module { return setting('MODULE') }         # mod_usermgmt.so
sub cli { return setting('CLI') }               # the program usermgmt
sub httpd { return setting('HTTPD') }
sub sources { return $ENV{srcdir} || die "srcdir is not set: start the tests with ./runtests\n" }

# ---- ports of this run (t/ports) -----------------------------------------------------------------------------------

my $SHARED = 16;    # ports of the shared server of one sequence: Apache::Test takes the next ones for its hosts
my $SEQUENCES = 4;

# The first port of the shared server.
sub shared_port { return setting('PORT') + $SHARED * setting('BLOCK') }

# A port on which nobody listens. Each call, by whatever process of the run, gives the next one, until all were given.
sub free_port {
    my ($first, $count) = (setting('PORT') + $SEQUENCES * $SHARED, setting('PORTS') - $SEQUENCES * $SHARED);
    open my $file, '+>>', scratch() . '/tmp/port' or die "port: $!\n";
    flock $file, LOCK_EX or die "port: $!\n";
    seek $file, 0, 0;
    my $given = <$file> || 0;
    for my $next ($given .. $given + $count - 1) {
        my $port = $first + $next % $count;
        IO::Socket::INET->new(LocalAddr => host(), LocalPort => $port, Listen => 1, ReuseAddr => 1) or next;
        truncate $file, 0;
        print {$file} $next + 1;
        close $file or die "port: $!\n";
        return $port;
    }
    die "no port is free\n";
}

# ---- the server ----------------------------------------------------------------------------------------------------

# A value of Apache::Test's configuration of the shared server, which t/TEST writes into a file.
my %server;
sub server_value {
    my ($name) = @_;
    %server = map { split / /, $_, 2 } split /\n/, slurp(folder() . '/t/conf/values') unless %server;
    return $server{$name};
}

sub host { return '127.0.0.1' }
sub port { return server_value('um_on_port') }        # the virtual host with accounts
sub off_port { return server_value('um_off_port') }   # the one without
sub base { return 'http://' . host() . ':' . port() }
sub server_root { return server_value('serverroot') }
sub access_log { return server_value('t_logs') . '/access_log' }

sub server_pid {
    return 0 + (slurp(server_value('t_pid_file')) =~ /(\d+)/)[0];
}

# Whether the server takes connections; waits for it up to that many seconds.
sub answers {
    my ($seconds) = @_;
    my $end = Time::HiRes::time() + (defined $seconds ? $seconds : 5);
    do {
        my $socket = IO::Socket::INET->new(PeerAddr => host(), PeerPort => port(), Timeout => 1);
        return 1 if $socket;
        Time::HiRes::sleep(0.05);
    } while Time::HiRes::time() < $end;
    return 0;
}

# What is written into a file from now on: my $log = mark(error_log()); ...; like(since($log), qr/.../).
sub mark {
    my ($file) = @_;
    return { file => $file, at => -s $file || 0 };
}

sub since {
    my ($mark) = @_;
    return substr(slurp($mark->{file}), $mark->{at});
}

# since(), as soon as it matches or that many seconds have gone by: another process writes it.
sub wait_for {
    my ($mark, $pattern, $seconds) = @_;
    my $end = Time::HiRes::time() + ($seconds || 5);
    while (since($mark) !~ $pattern && Time::HiRes::time() < $end) {
        Time::HiRes::sleep(0.05);
    }
    return since($mark);
}

# Calls the function until it is true, for so many seconds; returns what it returned last.
sub await {
    my ($seconds, $function) = @_;
    my $end = Time::HiRes::time() + $seconds;
    while (1) {
        my $began = Time::HiRes::time();
        my $said = $function->();
        return $said if $said || Time::HiRes::time() >= $end;
        pause($began);
    }
}

# Before something is asked again that was asked at that time: twice as long as the answer took, half a second at most.
# Asking a database starts processes, which would take the time of the servers under test.
sub pause {
    my ($began) = @_;
    my $took = 2 * (Time::HiRes::time() - $began);
    return Time::HiRes::sleep($took < 0.05 ? 0.05 : $took > 0.5 ? 0.5 : $took);
}

# ---- its database --------------------------------------------------------------------------------------------------

# Runs SQL behind the servers' back, in the shared server's database or in the one named (SQLite: its file); returns what
# it prints, columns parted by |.
sub sql {
    my ($text, $name) = @_;
    return output_of(database() eq 'pgsql'
        ? (setting('PGBIN') . '/psql', qw(-XqAt -v ON_ERROR_STOP=1 -U usermgmt -h), pg_folder(), '-d',
            $name || 'accounts', '-c', $text)
        : ('sqlite3', '-batch', '-cmd', '.timeout 5000', $name || folder() . '/db/usermgmt.db', $text));
}

# Where the socket of the sequence's PostgreSQL cluster is, and what it logs.
sub pg_folder { return folder() . '/pg' }
sub pg_log { return scratch() . '/logs/' . sequence() . '-postgresql.log' }

# The PostgreSQL cluster of the sequence: pg_ctl('restart', '-m', 'fast').
sub pg_ctl {
    my ($action, @options) = @_;
    # The cluster belongs to the harness: t/limit would end it with this suite.
    local $ENV{UM_TEST_PROGRAM};
    delete $ENV{UM_TEST_PROGRAM};
    # The server it starts must not keep our pipe open: its output goes to its log.
    my ($status, $output) = run(setting('PGBIN') . '/pg_ctl', '-D', pg_folder() . '/data', '-s', '-w', '-l', pg_log(),
        @options, $action);
    die "pg_ctl $action: $output\n" if $status;
    return;
}

# ---- programs and files --------------------------------------------------------------------------------------------

sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;
    my $text = <$in>;
    return defined $text ? $text : '';
}

sub spew {
    my ($file, $text) = @_;
    open my $out, '>:raw', $file or die "$file: $!\n";
    print {$out} $text;
    close $out or die "$file: $!\n";
    return $file;
}

# Runs a program without a shell; returns its exit status (128 + signal when it was killed) and its output, errors too.
sub run {
    my (@command) = @_;
    my $out = File::Temp->new;
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        open STDIN, '<', '/dev/null' or die "$!\n";
        open STDOUT, '>&', $out or die "$!\n";
        open STDERR, '>&STDOUT' or die "$!\n";
        exec { $command[0] } @command or do {
            require POSIX;
            POSIX::_exit(127);
        };
    }
    waitpid $child, 0;
    my $status = $?;
    return ($status & 127 ? 128 + ($status & 127) : $status >> 8, slurp($out->filename));
}

# The output of a program that has to succeed, without its last newline.
sub output_of {
    my (@command) = @_;
    my ($status, $output) = run(@command);
    die "@command: $output\n" if $status;
    chomp $output;
    return $output;
}

# A fresh folder of the run, closed to others.
sub new_folder {
    my $folder = setting('SCRATCH') . "/tmp/$$-" . ++$number;
    File::Path::make_path($folder, { mode => 0700 });
    return $folder;
}

# A library of t/lib to be preloaded; its file.
sub library {
    my ($stem) = @_;
    my $file = new_folder() . "/$stem.so";
    my ($status, $said) = run('cc', qw(-shared -fPIC -D_GNU_SOURCE -o), $file, sources() . "/t/lib/$stem.c", '-ldl');
    die "$stem.c: $said\n" if $status;
    return $file;
}

# A fresh signing key; algorithm and options as openssl genpkey takes them.
sub new_key {
    my ($file, @kind) = @_;
    @kind = qw(-algorithm ed25519) unless @kind;
    output_of('openssl', 'genpkey', @kind, '-out', $file);
    chmod 0600, $file or die "$file: $!\n";
    return $file;
}

# What httpd -t says to these lines, behind the modules and folders that every configuration needs: (status, output).
# Its folder is at hand as ${folder} in the lines. with: folder, modules => [further ones], without => one of the
# usual, is_nameless => without ServerName.
sub httpd_t {
    my ($lines, %with) = @_;
    my $folder = $with{folder} || new_folder();
    File::Path::make_path("$folder/conf", "$folder/logs");
    return run(httpd(), '-t', '-d', $folder, '-f', spew("$folder/conf/httpd.conf", prelude($folder, %with) . $lines));
}

# Where a module of httpd lies.
sub module_file {
    my ($name) = @_;
    return setting('MODULES') . "/mod_$name.so";
}

# Lines that load modules of httpd; one without a file is built in.
sub load_modules {
    my (@names) = @_;
    return join '', map { -e module_file($_) ? "LoadModule ${_}_module " . module_file($_) . "\n" : () } @names;
}

sub prelude {
    my ($folder, %with) = @_;
    my @names = ('mpm_' . setting('MPM'), qw(authn_core authz_core authz_user authz_host dbd env),
        @{ $with{modules} || [] });
    @names = grep { $_ ne $with{without} } @names if $with{without};
    return load_modules(@names) . join("\n", 'LoadModule usermgmt_module ' . module(), "Define folder $folder", "ServerRoot $folder",
        $with{is_nameless} ? () : 'ServerName localhost', 'Listen 127.0.0.1:1', "PidFile $folder/logs/httpd.pid",
        "ErrorLog $folder/logs/error_log", "DefaultRuntimeDir $folder/logs", '');
}

1;
