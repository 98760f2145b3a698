# SPDX-License-Identifier: Apache-2.0
package UmServer;
# The servers of the suites, all handled alike. Most suites of the API share one that Apache::Test starts (t/TEST). Others
# start httpd with settings of their own, over a database of their own, so that no other server takes its mails. What a
# suite starts is stopped when it ends.
#
#   my $mark = UmServer->shared->mark;  ...;  like(UmTest::since($mark), qr/.../);
#
#   my $database = new_database();
#   my $server = UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$port");
#   call(POST => ..., port => $server->{port});  $server->graceful;  $database->{sql}->('select ...');
use strict;
use warnings;
use Exporter 'import';
use File::Copy ();
use File::Path ();
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmProcess ();
use UmTest ();

our @EXPORT = qw(basic_location private_pages new_database add_accounts ask_each all_fine each_once free_port await);

my $STARTS = 60;    # seconds: with a sanitizer on a loaded machine it takes long
my $STOPS = 20;
my %running;        # process => server

# ---- databases -----------------------------------------------------------------------------------------------------

my $databases = 0;

# A database with the schema and nothing in it, of the kind that the suite is run for.
# With is_empty => 1 it has no schema either. template: of which database it is a copy (PostgreSQL).
sub new_database {
    my (%with) = @_;
    my $driver = UmTest::database();
    my ($name, $params);
    if ($driver eq 'pgsql') {
        $name = join '_', 'mail', $$, int(time) % 100_000, ++$databases;     # processes' numbers come again
        create_database($name, $with{template} || ($with{is_empty} ? 'template0' : filled()));
        $params = 'host=' . UmTest::pg_folder() . " user=usermgmt dbname=$name connect_timeout=2";
    }
    else {
        $name = $params = UmTest::new_folder() . '/accounts.db';
        $with{is_empty} or File::Copy::copy(filled(), $name) or die "$name: $!\n";
    }
    return { driver => $driver, params => $params, sql => sub { return UmTest::sql($_[0], $name) } };
}

# Of PostgreSQL, as a copy of another one.
sub create_database {
    my ($name, $template) = @_;
    UmTest::output_of(UmTest::setting('PGBIN') . '/createdb', '-h', UmTest::pg_folder(), qw(-U usermgmt -T), $template,
        $name);
    return;
}

# The name (SQLite: the file) of the database from which new ones are copied. The first suite of a sequence makes it.
sub filled {
    my $driver = UmTest::database();
    my @steps = sort glob UmTest::sources() . "/sql/$driver/*.sql";
    my $file = UmTest::folder() . '/filled.db';
    if (!-e $file && $driver eq 'pgsql') {
        create_database('filled', 'template0');
        UmTest::output_of(UmTest::setting('PGBIN') . '/psql', qw(-Xq1 -v ON_ERROR_STOP=1 -U usermgmt -h),
            UmTest::pg_folder(), (map { ('-f', $_) } @steps), 'filled');
        UmTest::spew($file, '');
    }
    elsif (!-e $file) {
        UmTest::output_of('sqlite3', '-batch', $file, map { ".read $_" } @steps);
    }
    return $driver eq 'pgsql' ? 'filled' : $file;
}

# Accounts that nobody can sign in to, but who get mail; returns their addresses. Much faster than registering them.
sub add_accounts {
    my ($database, $count, $stem) = @_;
    my (@addresses, @rows);
    for my $number (1 .. $count) {
        my $name = sprintf '%s%05d', $stem, $number;
        my @ids = map { join '-', map { join '', map { sprintf '%x', rand 16 } 1 .. $_ } 8, 4, 4, 4, 12 } 1, 2;
        push @addresses, "$name\@example.org";
        push @rows, "('$ids[0]', '$name', '$name', '$addresses[-1]', '$addresses[-1]', 'x', '$ids[1]', 1, 1)";
    }
    while (my @some = splice @rows, 0, 200) {
        $database->{sql}->('insert into um_users (id, username, username_key, email, email_key, password, version,'
            . ' created_at, updated_at) values ' . join ',', @some);
    }
    return @addresses;
}

# ---- lines of configurations ---------------------------------------------------------------------------------------

# A Location that takes a name and a password of an account.
sub basic_location {
    return <<'END';
<Location "/basic/">
    AuthType Basic
    AuthName here
    AuthBasicProvider usermgmt
    Require valid-user
</Location>
END
}

# A page for everybody, /open.txt, and one for accounts, /private/page.txt; returns the lines.
sub private_pages {
    my $pages = UmTest::new_folder();
    File::Path::make_path("$pages/private");
    UmTest::spew("$pages/open.txt", "open\n");
    UmTest::spew("$pages/private/page.txt", "private\n");
    return <<"END";
DocumentRoot $pages
<Directory $pages>
    Require all granted
</Directory>
<Location /private/>
    AuthType Bearer
    AuthName private
    Require valid-user
</Location>
END
}

# ---- httpd ---------------------------------------------------------------------------------------------------------

*free_port = \&UmTest::free_port;

sub configuration {
    my ($self, $lines) = @_;
    my $children = $self->{children};
    my $most = $children > 1 ? 2 * $children : 1;
    my $threads = $self->{threads};
    my $all = $threads * $most;
    my $spare = $children > 1 ? $threads : 1;
    my $processes = $children > 1 ? $children * $threads : 1;     # prefork: as many requests at a time as elsewhere
    my $prelude = UmTest::prelude($self->{folder}, is_nameless => $self->{is_bare}, modules => $self->{modules});
    $prelude =~ s/^Listen .*$/Listen 127.0.0.1:$self->{port}/m or die "no Listen\n";
    # All clients of the suites come from this machine.
    $prelude .= "UserMgmtThrottleExempt 127.0.0.0/8 ::1\n";
    my $usual = $self->{is_bare} ? '' : $self->accounts;
    ($prelude, $usual) = map { $self->{filter}->($_) . "\n" } $prelude, $usual if $self->{filter};
    return $prelude . <<"END" . "$usual$lines\n";
LogLevel info usermgmt:trace8
MaxKeepAliveRequests 0
<IfModule mpm_prefork_module>
    StartServers $processes
    MinSpareServers $spare
    MaxSpareServers $all
    ServerLimit $all
    MaxRequestWorkers $all
</IfModule>
<IfModule !mpm_prefork_module>
    StartServers $children
    ServerLimit $most
    ThreadsPerChild $threads
    MinSpareThreads $spare
    MaxSpareThreads $all
    MaxRequestWorkers $all
</IfModule>
END
}

# The usual accounts, in the main server.
sub accounts {
    my ($self) = @_;
    my $texts = UmTest::sources() . '/conf/mail';
    return <<"END";
DBDriver $self->{database}{driver}
DBDParams "$self->{database}{params}"
DBDMin 1
DBDKeep 1
DBDMax 3
UserMgmt On
UserMgmtSigningKey \${folder}/keys
UserMgmtCommonPasswords none
UserMgmtPasswordHash "scrypt ln=10 r=8 p=1"
UserMgmtMailFrom "Accounts <accounts\@test.example>"
UserMgmtMailTemplates "$texts"
UserMgmtMailTimeout 1s
UserMgmtResetURL "https://front.test.example/reset/{token}"
END
}

# Starts a server and waits until it answers; dies when it does not. children: how many, two if nothing is said;
# threads: of each, eight if nothing is said.
# is_bare => 1: without a ServerName and without accounts in the main server; the lines bring them, or hosts, a function
# that makes lines for the server's port. filter: a function that changes the usual lines. modules: httpd's modules beside the usual ones. environment: what else is in its
# environment.
sub start {
    my ($class, $database, $lines, %with) = @_;
    my $folder = UmTest::new_folder();
    File::Path::make_path("$folder/logs", "$folder/keys", { mode => 0700 });
    UmTest::new_key("$folder/keys/one.pem");
    my $self = bless { folder => $folder, port => free_port(), database => $database,
        children => $with{children} || 2, threads => $with{threads} || 8, is_bare => $with{is_bare},
        filter => $with{filter}, modules => $with{modules} || [], environment => $with{environment} || {} }, $class;
    $self->configure($with{hosts} ? $with{hosts}->($self->{port}) : $lines);
    return $self->launch;
}

# The one that the suites of this sequence share: Apache::Test has written its configuration and started it.
sub shared {
    my ($class) = @_;
    return bless { folder => UmTest::server_root(), port => UmTest::port(), pid => UmTest::server_pid(), is_shared => 1,
        database => { driver => UmTest::database(), sql => \&UmTest::sql } }, $class;
}

# Other lines for its next start or restart.
sub configure {
    my ($self, $lines) = @_;
    UmTest::spew("$self->{folder}/httpd.conf", $self->configuration($lines));
    return;
}

sub launch {
    my ($self) = @_;
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        # A group of its own: all of it can be ended at once.
        POSIX::setpgid(0, 0);
        open STDIN, '<', '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>>', "$self->{folder}/logs/output" or POSIX::_exit(126);
        open STDERR, '>&STDOUT' or POSIX::_exit(126);
        %ENV = (%ENV, %{ $self->{environment} });
        exec { UmTest::httpd() } UmTest::httpd(), '-DFOREGROUND', '-d', $self->{folder}, '-f',
            "$self->{folder}/httpd.conf" or POSIX::_exit(127);
    }
    $self->{pid} = $child;
    $running{$child} = $self;
    await($STARTS, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port})
        || waitpid($child, POSIX::WNOHANG()) }) && kill(0 => $child)
        or die "httpd did not start:\n" . UmTest::slurp("$self->{folder}/logs/output") . $self->log;
    return $self;
}

sub error_log {
    my ($self) = @_;
    return "$self->{folder}/logs/error_log";
}

# All that it has logged.
sub log {
    my ($self) = @_;
    return -e $self->error_log ? UmTest::slurp($self->error_log) : '';
}

# What it logs from now on: UmTest::since(), UmTest::wait_for().
sub mark {
    my ($self) = @_;
    return UmTest::mark($self->error_log);
}

# New children, after reading the configuration anew. Returns when all new connections are theirs; the old ones may still
# be answering. The parent says that it resumes when the old ones have been told. One that gets no CPU time meanwhile
# accepts connections until it hears it.
sub graceful {
    my ($self) = @_;
    my $log = $self->mark;
    my @old = $self->children;
    kill USR1 => $self->{pid} or die "the server is gone\n";
    return UmTest::wait_for($log, qr/resuming normal operations/, $STARTS) =~ /resuming normal operations/
        && await($STOPS, sub { !UmProcess::listening(@old) });
}

# Ends it as an administrator does; returns the seconds it took. Killed when it does not end.
sub stop {
    my ($self) = @_;
    my $began = time;
    my $pid = delete $self->{pid} or return 0;
    delete $running{$pid};
    kill TERM => $pid;
    my $is_over = await($STOPS, sub { $self->{is_shared} ? !kill 0 => $pid : waitpid $pid, POSIX::WNOHANG() });
    my $took = time - $began;
    kill KILL => -$pid;
    waitpid $pid, 0 unless $is_over;
    # The harness keeps the log of the shared one.
    $self->keep_log unless $self->{is_shared};
    return $took;
}

# All its processes at once, as if the machine had lost power.
sub kill_all {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    delete $running{$pid};
    kill KILL => -$pid;
    waitpid $pid, 0;
    return;
}

# Beside the logs of the other servers, for whoever looks for the cause of a failure.
sub keep_log {
    my ($self) = @_;
    my ($suite) = $0 =~ m{([^/]+)\.t\z};
    my ($number) = $self->{folder} =~ /(\d+)\z/;
    UmTest::spew(UmTest::scratch() . '/logs/' . UmTest::sequence() . "-$suite-$number.log", $self->log);
    return;
}

# What its log says of crashes, since that mark if there is one.
sub crashes {
    my ($self, $mark) = @_;
    my $bad = qr/exit signal|(?:Address|Leak)Sanitizer|runtime error:|[Aa]ssertion|glibc|double free|stack smashing/;
    return join "\n", grep { $_ =~ $bad } split /\n/, $mark ? UmTest::since($mark) : $self->log;
}

# ---- its processes -------------------------------------------------------------------------------------------------

sub children {
    my ($self) = @_;
    return UmProcess::children_of($self->{pid});
}

# The child with a connection to that port: the one that sends mail.
sub child_at {
    my ($self, $port) = @_;
    return (UmProcess::connected_to($port, $self->children))[0];
}

# Seconds of CPU time of its children.
sub cpu {
    my ($self) = @_;
    return UmProcess::cpu_of($self->children);
}

# ---- requests ------------------------------------------------------------------------------------------------------

# Asks for a reset for each address, one after another over one connection; returns the answers, each with the seconds
# it took.
sub ask_each {
    my ($server, @addresses) = @_;
    my $socket = connection($server->{port});
    my @answers;
    for my $address (@addresses) {
        my $began = time;
        my $request = request_text(POST => '/api/password_reset/', json => '{"email":' . json_text($address) . '}',
            keep => 1);
        my $bytes = exchange($request, socket => $socket, answers => 1);
        # A child that ends closes the connections that it keeps, perhaps just when a request comes that it then does not
        # read. A client sends such a request once more (RFC 9112 9.3.1).
        if ($bytes eq '' && @answers && $answers[-1]{status} == 200) {
            $socket = connection($server->{port});
            $bytes = exchange($request, socket => $socket, answers => 1);
        }
        push @answers, { %{ answers($bytes)->[0] || { status => 0, body => '' } }, seconds => time - $began };
        $socket = connection($server->{port}) unless $answers[-1]{status} == 200;
    }
    return @answers;
}

# Whether all of them were fine; of others only what they said is shown.
sub all_fine {
    my ($answers, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %said;
    $said{"$_->{status} $_->{body}"}++ for @$answers;
    delete $said{'200 {"status":"OK"}'};
    return is(join("\n", map { "$said{$_} times: $_" } sort keys %said), '', $name);
}

# Whether what came went to each of those, and to each once; of many thousands only what is wrong is shown.
sub each_once {
    my ($taken, $wanted, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my (%left, @wrong);
    $left{$_}++ for @$wanted;
    $left{ $_->{to} }-- for @$taken;
    push @wrong, "$_: " . ($left{$_} > 0 ? 'missing' : 'too often') for grep { $left{$_} } sort keys %left;
    return is(join("\n", @wrong > 10 ? (@wrong[0 .. 9], '...') : @wrong), '', $name);
}

*await = \&UmTest::await;

sub stop_all {
    for my $server (values %running) {
        $server->stop;
    }
    return;
}

$SIG{$_} = sub { exit 143 } for qw(TERM INT HUP);
END {
    my $status = $?;
    stop_all();
    $? = $status;
}

1;
