# SPDX-License-Identifier: Apache-2.0
package UmDocs;
# The commands that the documentation prints for administrators (blocks that begin with ```sh), and by what each is
# tried. t/house/commands.t holds that each block has its row here.
use strict;
use warnings;
use Exporter 'import';
use UmTest ();

our @EXPORT = qw(command_pages command_blocks command_rows run_block);

# Page, the beginning of the block, and how it is tried. "run": t/auth/documented.t runs it as it is printed, and knows
# what it has to say. A file: that test runs it. "not": it is not run, and why.
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
    ['README', 'sudo install -d -m 750', 'run'],
    ['README', 'usermgmt --driver pgsql', 'run'],
    ['README', 'sudo usermgmt user add alice', 'run'],
    ['README', 'autoreconf -i && ./configure --with-apxs=', not => 'needs an httpd that is installed elsewhere'],
    ['README', 'apt-get install', not => 'installs packages, as root'],
    ['docs/pages.md', 'sudo usermgmt user add alice', 'auth/pages_documented'],
    ['docs/pages.md', 'curl -sS -o', 'auth/pages_documented'],
    ['docs/pages.md', 'sudo install -d', 'auth/pages_documented'],
    ['docs/operations.md', 'usermgmt [OPTIONS]', not => 'is the form of commands, and none'],
    ['docs/operations.md', 'sudo usermgmt user show alice', 'run'],
    ['docs/operations.md', 'sudo usermgmt check', 'auth/program'],
    ['docs/operations.md', 'usermgmt hash calibrate', 'auth/program'],
    ['docs/operations.md', 'sudo apt-get install --no-install-recommends dpkg-dev',
        not => 'installs packages on this machine; t/packages/run does it elsewhere'],
    ['docs/operations.md', 'usermgmt key new', 'run'],
    ['docs/operations.md', 'rsync ', not => 'copies to another machine'],
    ['docs/operations.md', 'usermgmt key list', 'run'],
    ['docs/operations.md', 'usermgmt pepper new', 'run'],
    ['docs/operations.md', 'sudo usermgmt backup', 'auth/program'],
    ['docs/operations.md', 'install -d -m 700', 'run'],
    ['docs/operations.md', 'sudo usermgmt schema upgrade', 'run'],
    ['docs/operations.md', 'sudo -u postgres psql', 'auth/grants'],
    ['docs/operations.md', 'psql -1 -v ON_ERROR_STOP=1 -f', 'run'],
    ['docs/operations.md', 'usermgmt --driver pgsql schema sql', 'run'],
    ['docs/operations.md', 'sudo usermgmt mail test', 'auth/program'],
    ['docs/operations.md', 'curl -H', 'run'],
    ['docs/operations.md', 'sudo usermgmt mail list', 'auth/program'],
    ['docs/operations.md', 'cp -r /usr/share/usermgmt/mail', 'run'],
    ['docs/operations.md', 'usermgmt user add alice', 'auth/cli_documented'],
    ['docs/operations.md', 'usermgmt group new sales', 'auth/cli_documented'],
    ['docs/operations.md', 'usermgmt user add carol', 'auth/cli_documented'],
    ['docs/operations.md', 'usermgmt user find', 'auth/cli_documented'],
    ['docs/operations.md', 'usermgmt user show', 'auth/cli_documented'],
    ['docs/operations.md', 'usermgmt user rename', 'auth/cli_documented'],
    ['docs/operations.md', 'usermgmt user verify', 'auth/cli_documented'],
    ['docs/operations.md', 'usermgmt user disable', 'auth/cli_documented'],
    ['docs/operations.md', q(printf '%s\n' 'Green-Pond), 'auth/cli_documented'],
    ['docs/operations.md', 'usermgmt session list', 'auth/cli_documented'],
    ['docs/operations.md', 'usermgmt user delete', 'auth/cli_documented'],
    ['docs/operations.md', 'usermgmt group new editors', 'run'],
    ['docs/operations.md', 'usermgmt client new', 'run'],
    ['docs/operations.md', '# failed sign-ins by address', 'run'],
    ['docs/operations.md', 'cp /usr/share/usermgmt/fail2ban', 'run'],
    ['docs/operations.md', 'sudo -u www-data sqlite3', 'run'],
    ['docs/operations.md', q(grep -E 'UM), 'run'],
    ['docs/from-django.md', 'python3 manage.py dumpdata auth.group auth.user', 'auth/django'],
    ['docs/from-django.md', 'python3 manage.py dumpdata auth.group people.person',
        not => 'needs a site with a model of its own; t/api/import.t imports such a dump'],
    ['docs/from-django.md', 'usermgmt user import', 'auth/django'],
    ['docs/from-django.md', 'curl ', 'auth/django'],
    ['docs/from-django.md', 'usermgmt user export', 'auth/django'],
    ['docs/from-htpasswd.md', 'usermgmt user import --format htpasswd --dry-run', 'run'],
    ['docs/from-htpasswd.md', 'usermgmt user import --format htpasswd /', 'run'],
    ['docs/from-htpasswd.md', 'usermgmt user import --format htdbm', 'run'],
    ['docs/from-htpasswd.md', 'psql -d site', 'run'],
    ['docs/from-htpasswd.md', 'usermgmt group new', 'run'],
);

sub command_pages {
    return ('README', map { "docs/$_.md" } qw(pages operations from-django from-htpasswd));
}

# The rows: { page, begin, how, why }.
sub command_rows { return map { { page => $_->[0], begin => $_->[1], how => $_->[2], why => $_->[3] } } @ROWS }

# The blocks of a page, in their order: { page, line, text, rows }, with the rows that are about it.
sub command_blocks {
    my ($page) = @_;
    my $all = UmTest::slurp(UmTest::sources() . "/$page");
    my @blocks;
    while ($all =~ /^```sh\n(.*?)^```$/msg) {
        push @blocks, { page => $page, line => 1 + (substr($all, 0, $-[0]) =~ tr/\n//), text => $1 };
    }
    my @left = grep { $_->{page} eq $page } command_rows();
    for my $block (@blocks) {
        $block->{rows} = [grep { index($block->{text}, $_->{begin}) == 0 } @left];
    }
    return @blocks;
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
