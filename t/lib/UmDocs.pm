# SPDX-License-Identifier: Apache-2.0
package UmDocs;
# The commands that the documentation prints for administrators (blocks that begin with ```sh), and by what each is
# tried. t/house/commands.t holds that each block has its row here.
use strict;
use warnings;
use Exporter 'import';
use UmTest ();

our @EXPORT = qw(command_pages command_blocks command_block command_rows programs run_block);

# Page, the beginning of the block, and how it is tried. "run": t/auth/documented.t runs it as it is printed, and knows
# what it has to say. A file below t/: that test runs it; t/packages/ is not part of ./runtests, but of t/packages/run.
# "not": it is not run, and why. A row with an empty beginning is about all blocks of its page.
my @ROWS = (
    ['README', './quickstart', not => './runtests is what runs here; t/asroot/quickstart.t runs ./quickstart'],
    ['README', 'BASE=', 'run'],
    ['README', 'sudo apt-get install ./libapache2', not => 'installs on this machine; t/packages/run installs elsewhere'],
    ['README', 'autoreconf -i && ./configure --prefix=/usr ',
        not => 'installs on this machine; t/asroot/install.t installs elsewhere'],
    ['README', 'sudo usermgmt key new', 'run'],
    ['README', 'sudo install -m 600', not => 'opens an editor'],
    ['README', 'sudo a2enmod', not => 'changes and restarts the httpd of this machine'],
    ['README', 'curl -sS https://www.example.org/.well-known/jwks.json', 'run'],
    ['README', 'sudo usermgmt user add alice', 'run'],
    ['README', 'autoreconf -i && ./configure --with-apxs=', not => 'needs an httpd that is installed elsewhere'],
    ['README', 'apt-get install', not => 'installs packages, as root'],
    ['docs/accounts.md', 'usermgmt user add alice', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt group new sales', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt user add carol', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt user find', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt user show', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt group new editors', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt user rename', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt user verify', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt user disable', 'auth/cli_documented.t'],
    ['docs/accounts.md', q(printf '%s\n' 'Green-Pond), 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt session list', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt user delete', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'usermgmt user invite', 'auth/cli_documented.t'],
    ['docs/accounts.md', 'curl ', 'auth/cli_documented.t'],
    ['docs/application.md', 'sudo usermgmt group new', 'auth/pages_documented.t'],
    ['docs/backup.md', 'sudo usermgmt backup', 'auth/restore.t'],
    ['docs/backup.md', '(umask 077', 'auth/restore.t'],
    ['docs/backup.md', 'sudo rm -rf', not => 'replaces the configuration of this machine'],
    ['docs/backup.md', 'sudo install -m 600', 'run'],
    ['docs/backup.md', 'sudo rm -f', 'auth/restore.t'],
    ['docs/backup.md', 'sudo -u postgres dropdb', 'auth/restore.t'],
    ['docs/backup.md', 'sudo usermgmt session end-all', 'auth/restore.t'],
    ['docs/balancer.md', 'curl ', 'auth/pages_documented.t'],
    ['docs/fail2ban.md', 'sudo cp', 'run'],
    ['docs/fail2ban.md', 'sudo fail2ban-regex', 'run'],
    ['docs/fail2ban.md', 'sudo systemctl restart fail2ban', not => 'needs the service of this machine'],
    ['docs/static-site.md', 'sudo usermgmt user add alice', 'auth/pages_documented.t'],
    ['docs/static-site.md', 'curl -sS -o', 'auth/pages_documented.t'],
    ['docs/to-postgresql.md', 'sudo -u postgres psql', 'auth/grants.t'],
    ['docs/to-postgresql.md', 'usermgmt --driver pgsql --params', 'run'],
    ['docs/to-postgresql.md', 'psql -v ON_ERROR_STOP=1 "host', 'auth/grants.t'],
    ['docs/to-postgresql.md', 'sudo usermgmt move', 'auth/move.t'],
    ['docs/to-postgresql.md', 'sudo install -m 600', 'run'],
    ['docs/to-postgresql.md', 'psql -1 -v ON_ERROR_STOP=1 -f', 'run'],
    ['docs/to-postgresql.md', 'usermgmt --driver pgsql schema sql', 'run'],
    ['docs/two-nodes.md', 'TOKEN=', 'run'],
    ['docs/two-nodes.md', 'rsync ', not => 'copies to another machine'],
    ['docs/tutorial.md', '', 'packages/tutorial'],
    ['docs/uninstall.md', 'sudo apt-get remove', 'packages/site'],
    ['docs/uninstall.md', 'sudo apt-get purge', 'packages/site'],
    ['docs/uninstall.md', 'sudo a2dismod', not => 'changes the httpd of this machine; t/asroot/install.t uninstalls elsewhere'],
    ['docs/webdav.md', 'sudo install -d -m 750', 'run'],
    ['docs/webdav.md', 'echo hello', 'run'],
    ['docs/pages.md', 'sudo install -d', 'auth/pages_documented.t'],
    ['docs/api.md', 'npm install', 'auth/typescript.t'],
    ['docs/performance.md', 't/bench/run', not => 'takes the machine for an hour; each fails when a goal is missed'],
    ['docs/operations.md', 'usermgmt [OPTIONS]', not => 'is the form of commands, and none'],
    ['docs/operations.md', 'sudo usermgmt user show alice', 'run'],
    ['docs/operations.md', 'sudo usermgmt check', 'auth/program.t'],
    ['docs/operations.md', 'usermgmt hash calibrate', 'auth/program.t'],
    ['docs/operations.md', 'sudo apt-get install --no-install-recommends dpkg-dev',
        not => 'installs packages on this machine; t/packages/run does it elsewhere'],
    ['docs/operations.md', 'dpkg-deb -x', not => 'needs two versions of the package; t/packages/run site upgrades'],
    ['docs/operations.md', 'sudo apt-get install ./libapache2', 'packages/site'],
    ['docs/operations.md', 'sudo usermgmt schema status', 'packages/site'],
    ['docs/operations.md', 'usermgmt key new', 'run'],
    ['docs/operations.md', 'usermgmt key list', 'run'],
    ['docs/operations.md', 'usermgmt pepper new', 'run'],
    ['docs/operations.md', 'install -d -m 700', 'run'],
    ['docs/operations.md', 'sudo usermgmt schema upgrade', 'run'],
    ['docs/operations.md', 'sudo usermgmt mail test', 'auth/program.t'],
    ['docs/operations.md', 'curl -H', 'run'],
    ['docs/operations.md', 'sudo usermgmt mail list', 'auth/program.t'],
    ['docs/operations.md', 'cp -r /usr/share/usermgmt/mail', 'run'],
    ['docs/operations.md', 'usermgmt client new', 'run'],
    ['docs/operations.md', '# failed sign-ins by address', 'run'],
    ['docs/operations.md', 'sudo -u www-data sqlite3', 'run'],
    ['docs/operations.md', q(grep -E 'UM), 'run'],
    ['docs/webhooks.md', 'sudo usermgmt webhook secret', 'mail/webhooks_documented.t'],
    ['docs/webhooks.md', 'sudo usermgmt webhook test', 'mail/webhooks_documented.t'],
    ['docs/webhooks.md', 'sudo usermgmt webhook list', 'mail/webhooks_documented.t'],
    ['docs/webhooks.md', 'sudo usermgmt webhook enable', not => 'needs a receiver that is disabled, see t/mail/webhooks.t'],
    ['docs/from-django.md', 'python3 manage.py dumpdata auth.group auth.user', 'auth/django.t'],
    ['docs/from-django.md', 'python3 manage.py dumpdata auth.group people.person',
        not => 'needs a site with a model of its own; t/api/import.t imports such a dump'],
    ['docs/from-django.md', 'usermgmt user import', 'auth/django.t'],
    ['docs/from-django.md', 'curl ', 'auth/django.t'],
    ['docs/from-django.md', 'usermgmt user export', 'auth/django.t'],
    ['docs/from-htpasswd.md', 'sudo usermgmt user import --format htpasswd --dry-run', 'run'],
    ['docs/from-htpasswd.md', 'sudo usermgmt user import --format htpasswd /', 'run'],
    ['docs/from-htpasswd.md', 'sudo usermgmt user import --format htdbm', 'run'],
    ['docs/from-htpasswd.md', 'psql -d site', 'run'],
    ['docs/from-htpasswd.md', 'cat >people.jsonl', 'run'],
    ['docs/from-htpasswd.md', 'while IFS=: read', 'run'],
);

# In the order in which t/auth/documented.t runs their blocks.
sub command_pages {
    return ('README', map { "docs/$_.md" } qw(accounts api application backup balancer fail2ban forward-auth index pages
        performance questions static-site tutorial two-nodes uninstall webdav webhooks operations to-postgresql from-django
        from-htpasswd));
}

# The rows: { page, begin, how, why }.
sub command_rows { return map { { page => $_->[0], begin => $_->[1], how => $_->[2], why => $_->[3] } } @ROWS }

# The blocks of a page, in their order: { page, line, text, rows }, with the rows that are about it.
sub command_blocks {
    my ($page) = @_;
    my $all = UmTest::slurp(UmTest::sources() . "/$page");
    my @blocks;
    while ($all =~ /^( *)```sh\n(.*?)^\1```$/msg) {
        my ($indent, $text, $line) = ($1, $2, 1 + (substr($all, 0, $-[0]) =~ tr/\n//));
        push @blocks, { page => $page, line => $line, text => $text =~ s/^$indent//gmr };
    }
    my @left = grep { $_->{page} eq $page } command_rows();
    for my $block (@blocks) {
        $block->{rows} = [grep { index($block->{text}, $_->{begin}) == 0 } @left];
    }
    return @blocks;
}

# The one block of a page that begins so.
sub command_block {
    my ($page, $begin) = @_;
    my @found = grep { index($_->{text}, $begin) == 0 } command_blocks($page);
    die scalar(@found) . " blocks of $page begin with $begin\n" unless @found == 1;
    return $found[0];
}

# A folder for PATH with the programs as an administrator calls them: usermgmt for the site of that configuration, if
# there is one, and sudo.
sub programs {
    my ($config) = @_;
    my $folder = UmTest::new_folder();
    my @site = $config ? ('--httpd', UmTest::httpd(), '--config', $config) : ();
    my %program = (
        usermgmt => join(' ', 'exec', (map { "'$_'" } UmTest::cli(), @site), '"$@"'),
        sudo => '[ "$1" != -u ] || shift 2; exec "$@"',
    );
    for my $name (keys %program) {
        chmod 0700, UmTest::spew("$folder/$name", "#!/bin/sh\n$program{$name}\n") or die "$name: $!\n";
    }
    return $folder;
}

# Runs a block by the shell, in a folder, after the changes of change($text); what it reads is in the text input.
# Returns the exit code and all that was printed.
sub run_block {
    my ($block, $folder, $change, $input) = @_;
    my $text = UmTest::spew("$folder/block.sh", $change->($block->{text}));
    my $words = UmTest::spew("$folder/block.in", defined $input ? $input : '');
    return UmTest::run('/bin/sh', '-c', 'cd "$0" && exec /bin/sh -e "$1" <"$2"', $folder, $text, $words);
}

1;
