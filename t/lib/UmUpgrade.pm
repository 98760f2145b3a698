# SPDX-License-Identifier: Apache-2.0
package UmUpgrade;
# Databases of earlier versions: the steps of the schema by their files, the rows of a site that grew up with them, and
# the program that upgrades it.
#
#   my $database = database_of_step(1);             # with what the module of then would have written
#   grow($database, later_steps(1));                # and those of later ones
#   upgrade($database)  schema_of($database)  steps_of($database)  rows_of($database)
use strict;
use warnings;
use Digest::SHA 'sha256';
use Exporter 'import';
use MIME::Base64 'encode_base64url';
use POSIX ();
use UmServer;
use UmTest ();

our @EXPORT = qw(steps later_steps apply grow rows_of_step newest_filled database_of_step copy_of drop upgrade start_upgrade ended
    fresh_schema schema_of steps_of rows_of tables_of counts_of name_of programs id_of token_for refresh_token $SITE
    $PASSWORD);

our $SITE = 'accounts.example:443';     # the host that mails belong to
our $PASSWORD = 'Blue-Tree!71x';

my $HASH = '$scrypt$ln=10,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$d73EoZ/faIKBF0ZnRUHg6dAasv7PNG9QcJhXfBl4pQs';
my $NOW = int time;
my $LATER = $NOW + 86_400;

# ---- steps ---------------------------------------------------------------------------------------------------------

# The files of the steps, and those after a number.
sub steps {
    my @files = sort glob UmTest::sources() . '/sql/' . UmTest::database() . '/*.sql';
    return @files;
}

sub number_of { return 0 + ($_[0] =~ m{/(\d+)_[^/]*\z})[0] }
sub later_steps { my ($number) = @_; return grep { number_of($_) > $number } steps() }

# Applies files, each as docs/operations.md says to do it without the program.
sub apply { my ($database, @files) = @_; return shell($database, map { in_transaction($database, $_) } @files) }

# The same, each with the rows of its step. One call of the shell: calls take more time than what they do.
sub grow {
    my ($database, @files) = @_;
    return shell($database, map { (in_transaction($database, $_), rows_of_step($_)) } @files);
}

sub in_transaction {
    my ($database, $file) = @_;
    return $database->{driver} eq 'pgsql' ? ('begin', \$file, 'commit') : ('begin immediate', ".read $file", 'commit');
}

# The database's shell; a reference names a file.
sub shell {
    my ($database, @texts) = @_;
    return unless @texts;
    UmTest::output_of($database->{driver} eq 'pgsql' ? (programs() . '/psql', qw(-Xq -v ON_ERROR_STOP=1 -U usermgmt -h),
        UmTest::pg_folder(), (map { ref ? ('-f', $$_) : ('-c', $_) } @texts), name_of($database))
        : ('sqlite3', '-batch', '-bail', '-cmd', 'pragma synchronous = off', $database->{params}, @texts));
    return;
}

sub programs { return UmTest::setting('PGBIN') }

# PostgreSQL's name of a database.
sub name_of {
    my ($database) = @_;
    return ($database->{params} =~ /dbname=(\w+)/)[0];
}

# With the steps up to that number, and their rows.
sub database_of_step {
    my ($number) = @_;
    my $database = new_database(is_empty => 1);
    grow($database, grep { number_of($_) <= $number } steps());
    return $database;
}

sub copy_of {
    my ($database) = @_;
    return new_database(is_empty => 1, template => name_of($database)) if $database->{driver} eq 'pgsql';
    my $copy = new_database(is_empty => 1);
    UmTest::output_of('sqlite3', '-batch', $database->{params}, ".backup $copy->{params}");
    return $copy;
}

# Of many copies only the last is there. PostgreSQL.
sub drop {
    my ($database) = @_;
    UmTest::output_of(programs() . '/dropdb', '-h', UmTest::pg_folder(), '-U', 'usermgmt', name_of($database));
    return;
}

# ---- rows ----------------------------------------------------------------------------------------------------------

# The id of something, by its name: always the same.
sub id_of {
    my ($name) = @_;
    my $hex = unpack 'H*', sha256($name);
    return join '-', substr($hex, 0, 8), substr($hex, 8, 4), '7' . substr($hex, 12, 3), '8' . substr($hex, 15, 3),
        substr($hex, 18, 12);
}

# The token of a mail or an import, by its name; 43 characters, as the module makes them.
sub token_for { return encode_base64url(sha256("token of $_[0]")) }
sub hash_of { return encode_base64url(sha256($_[0])) }

sub refresh_token {
    my ($session) = @_;
    return 'umr_' . encode_base64url(pack('H*', id_of($session) =~ tr/-//dr) . refresh_parts($session));
}

sub refresh_parts { my ($session) = @_; return substr(sha256("family of $session"), 0, 16) . sha256("secret of $session") }

sub quoted { return defined $_[0] ? "'" . ($_[0] =~ s/'/''/gr) . "'" : 'null' }

sub row {
    my ($table, %row) = @_;
    my @names = sort keys %row;
    return "insert into $table (" . join(', ', @names) . ') values (' . join(', ', map { quoted($row{$_}) } @names) . ')';
}

sub user {
    my ($name, %more) = @_;
    return row('um_users', id => id_of($name), username => $name, username_key => lc $name, password => $HASH,
        version => id_of("version of $name"), created_at => $NOW - 9000, updated_at => $NOW - 9000, %more);
}

sub with_email {
    my ($email, $key) = @_;
    $key = lc $email unless defined $key;
    return (email => $email, email_key => $key, email_claim => $key);
}

sub session {
    my ($name, $user, %more) = @_;
    return row('um_sessions', id => id_of($name), user_id => id_of($user), user_version => id_of("version of $user"),
        created_at => $NOW - 60, expires_at => $LATER, address => '192.0.2.7', user_agent => 'an old browser', %more);
}

sub mail {
    my ($name, $kind, %more) = @_;
    return row('um_mail', id => id_of($name), kind => $kind, due_at => $NOW - 60, created_at => $NOW - 60, language => 'en',
        %more);
}

sub token {
    my ($table, $name, $kind, $user, $email_key) = @_;
    return row($table, hash => hash_of(token_for($name)), kind => $kind, mail_id => id_of("mail of $name"),
        user_id => id_of($user), user_version => id_of("version of $user"), email_key => $email_key,
        created_at => $NOW - 60, expires_at => $LATER);
}

# What the module of each step wrote. The addresses of anna and fritz have keys as versions before step 006 made them.
my %ROWS = (
    '001_accounts' => sub {
        return (user('alice', with_email('Alice@example.org'), first_name => 'Alice', last_name => 'Äpfel'),
            user('Straße', username_key => 'strasse', with_email('strasse@example.org')),
            user('boss', is_staff => 1, with_email('boss@example.org')),
            user('off', is_active => 0, with_email('off@example.org')),
            user('anna', with_email('anna@bücher.example')),
            user('fritz', with_email('fritz@straße.example', 'fritz@strasse.example')),
            user('bare'),
            session('first session', 'alice'), session('expired session', 'alice', expires_at => $NOW - 10),
            session('void session', 'alice', user_version => id_of('an earlier version')));
    },
    '002_mail' => sub {
        return ("update um_users set email_verified = 1 where username <> 'bare'",
            user('waiting', is_active => 2, with_email('waiting@example.org')),
            mail('request', 'reset', address => 'alice@EXAMPLE.org'),
            mail('notice', 'password_changed', address => 'Alice@example.org', user_id => id_of('alice'),
                username => 'alice'),
            mail('sent', 'reset', address => 'boss@example.org', user_id => id_of('boss'), username => 'boss', state => 1,
                attempts => 1, done_at => $NOW - 30),
            mail('given up', 'verify', address => 'waiting@example.org', user_id => id_of('waiting'), state => 2,
                username => 'waiting', attempts => 9, done_at => $NOW - 30, last_error => '550 no such user'),
            token('um_tickets', 'reset of bare', 'reset', 'bare', ''),
            token('um_tickets', 'reset of boss', 'reset', 'boss', 'boss@example.org'),
            token('um_tickets', 'verify waiting', 'verify', 'waiting', 'waiting@example.org'));
    },
    '003_mail_site' => sub {
        return mail('changed', 'email_changed', address => 'former@example.org', user_id => id_of('alice'),
            username => 'alice', detail => 'Alice@example.org', site => $SITE);
    },
    '004_groups' => sub {
        return (row('um_groups', id => id_of('sales'), name => 'sales', created_at => $NOW),
            map { row('um_memberships', group_id => id_of('sales'), user_id => id_of($_)) } qw(alice boss));
    },
    '005_sessions' => sub {
        my ($family, $secret) = unpack 'a16 a32', refresh_parts('refreshed session');
        return session('refreshed session', 'alice', family_hash => hash_of($family), refresh_hash => hash_of($secret),
            ends_at => $LATER);
    },
    '007_requests' => sub {
        return row('um_requests', site => $SITE, id => id_of('request of anna'), kind => 'reset', language => 'en',
            email_key => 'anna@xn--bcher-kva.example', address => 'anna@bücher.example', created_at => $NOW - 60);
    },
    '008_issuers' => sub { return row('um_issuers', issuer => 'https://accounts.example', used_at => $NOW) },
    '009_names' => sub { return row('um_held_names', hash => hash_of('gone'), held_until => $LATER) },
    '011_one_time_tokens' => sub {
        return token('um_one_time_tokens', 'reset of alice', 'reset', 'alice', 'alice@example.org');
    },
    '012_events' => sub {
        return row('um_events', id => id_of('event'), user_id => id_of('alice'), kind => 'password_changed',
            at_ms => $NOW . '000', actor => id_of('alice'), session_id => id_of('first session'));
    },
    '014_import' => sub {
        return (session('imported session', 'bare', token_hash => hash_of('0123456789abcdef0123456789abcdef01234567')),
            "update um_users set alias = '42' where username = 'bare'");
    },
    '016_email_changes' => sub {
        return (row('um_email_changes', user_id => id_of('boss'), user_version => id_of('version of boss'),
                former_key => 'boss@example.org', email => 'chief@example.org', email_key => 'chief@example.org',
                created_at => $NOW, expires_at => $LATER),
            token('um_one_time_tokens', 'change of boss', 'email_change', 'boss', 'chief@example.org'));
    },
    '017_custom' => sub { return "update um_users set custom = '{\"floor\":3}' where username = 'alice'" },
    '018_idempotency' => sub {
        return row('um_idempotency', key_hash => hash_of('a key'), body_hash => 'x', user_id => id_of('alice'),
            user_version => id_of('version of alice'), has_session => 1, expires_at => $LATER);
    },
    '019_webhooks' => sub {
        return row('um_webhooks', id => id_of('webhook'), site => 'localhost', url => 'https://hooks.example.org/',
            event_id => id_of('event'), kind => 'account.registered', at_ms => $NOW . '000', user_id => id_of('alice'),
            username => 'alice', due_at => $LATER, created_at => $NOW);
    },
    '020_webhook_receivers' => sub {
        return row('um_webhook_receivers', site => 'localhost', url => 'https://gone.example.org/', disabled_at => $NOW);
    },
);

# The rows of a step, as SQL, if it has some.
sub rows_of_step {
    my ($file) = @_;
    my ($step) = $file =~ m{([^/]+)\.sql\z};
    return $ROWS{$step} ? join(";\n", $ROWS{$step}->()) : ();
}

# The newest step that has rows here: a table of a later one may be empty.
sub newest_filled { return 0 + ((reverse sort keys %ROWS)[0] =~ /\A(\d+)/)[0] }

# ---- the program ---------------------------------------------------------------------------------------------------

# What it says and its exit status. with: environment; params of the database in place of its own.
sub upgrade { return ended(start_upgrade(@_)) }

sub start_upgrade {
    my ($database, %with) = @_;
    my $out = File::Temp->new;
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        open STDIN, '<', '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>&', $out or POSIX::_exit(126);
        open STDERR, '>&STDOUT' or POSIX::_exit(126);
        %ENV = (%ENV, %{ $with{environment} || {} });
        exec { UmTest::cli() } UmTest::cli(), '--driver', $database->{driver}, '--params',
            $with{params} || $database->{params}, 'schema', 'upgrade' or POSIX::_exit(127);
    }
    return { pid => $child, out => $out };
}

sub ended {
    my ($program) = @_;
    waitpid $program->{pid}, 0;
    my $status = $?;
    return ($status & 127 ? 128 + ($status & 127) : $status >> 8, UmTest::slurp($program->{out}->filename));
}

# ---- what a database has -------------------------------------------------------------------------------------------

sub steps_of {
    my ($database) = @_;
    return $database->{sql}->('select count(*) from um_schema');
}

# Tables, columns, types, defaults, indexes, constraints, triggers, views and rights, as text.
sub schema_of {
    my ($database) = @_;
    if ($database->{driver} eq 'pgsql') {
        my $text = UmTest::output_of(programs() . '/pg_dump', '-s', '-h', UmTest::pg_folder(), '-U', 'usermgmt',
            name_of($database));
        # Newer programs write a fresh key into each dump.
        return join "\n", grep { !/\A\\(?:un)?restrict / } split /\n/, $text;
    }
    return $database->{sql}->(<<'END');
select 'column', m.name, c.cid, c.name, c.type, c."notnull", c.dflt_value, c.pk
    from sqlite_master m, pragma_table_xinfo(m.name) c where m.type = 'table' order by 2, 3;
select 'index', m.name, i.name, i."unique", i.origin, i.partial, x.seqno, x.name, x.desc, x.coll, x.key
    from sqlite_master m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name) x where m.type = 'table'
    order by 2, 3, 7;
select 'foreign key', m.name, f.* from sqlite_master m, pragma_foreign_key_list(m.name) f where m.type = 'table'
    order by 2, 3, 4;
select type, name, tbl_name, sql from sqlite_master order by 1, 2;
END
}

# The schema of a new database. A run of the tests makes it once for each kind of database.
sub fresh_schema {
    my $file = UmTest::scratch() . '/tmp/fresh_schema_' . UmTest::database();
    return UmTest::slurp($file) if -e $file;
    my $text = schema_of(new_database());
    UmTest::spew("$file.$$", $text);
    rename "$file.$$", $file or die "$file: $!\n";
    return $text;
}

# All rows of um_ tables, without those of um_schema, as text.
sub rows_of {
    my ($database) = @_;
    my @tables = tables_of($database);
    return $database->{sql}->($database->{driver} eq 'pgsql'
        ? join(' union all ', map { "select '$_ ' || cast(t as text) from $_ t" } @tables) . ' order by 1'
        : join '', map { "select '-- $_'; select * from $_ order by 1, 2;\n" } @tables);
}

# The number of rows of each of these tables.
sub counts_of {
    my ($database, @tables) = @_;
    return split /\n/, $database->{sql}->(join ' union all ', map { "select count(*) from $_" } @tables);
}

sub tables_of {
    my ($database) = @_;
    return grep { $_ ne 'um_schema' } split /\n/, $database->{sql}->($database->{driver} eq 'pgsql'
        ? "select relname from pg_class where relname like 'um\\_%' and relkind = 'r' order by 1"
        : "select name from sqlite_master where type = 'table' and name like 'um\\_%' escape '\\' order by 1");
}

1;
