#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Fields of the site's own (UserMgmtProfile) in the program usermgmt: user show, add, invite, set, import and export
# have the fields of the site's configuration, by the rules of the API.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use UmApi;
use UmServer;

my ($DONE, $FAILED, $MISUSE) = (0, 1, 2);
my $LINES = <<'END';
UserMgmtProfile phone_number text max=20
UserMgmtProfile employee integer
UserMgmtProfile newsletter boolean
UserMgmtProfile born date
END

my $folder = UmTest::new_folder();
mkdir "$folder/mail", 0700 or die "$folder: $!\n";
my $MAIL = "UserMgmtMail file:$folder/mail\nUserMgmtInviteURL \"https://front.test.example/invite/{token}\"\n";
my $database = new_database();
my $server = UmServer->start($database, "$LINES$MAIL");
$UmApi::PORT = $server->{port};
my @site = ('--httpd', UmTest::httpd(), '--config', "$server->{folder}/httpd.conf");
my $sql = $database->{sql};

sub cli { return UmTest::run(UmTest::cli(), @site, @_) }

sub ends {
    my ($want, $pattern, @words) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = cli(@words);
    return ok($status == $want && $said =~ $pattern, "usermgmt @words ends with $want") || diag("$status $said");
}

# The fields of an account, as "user show" prints them.
sub fields_of {
    my ($name) = @_;
    my ($status, $said) = cli(qw(user show --json), $name);
    my $shown = JSON::PP->new->utf8->decode($said);
    return join ' ', map { "$_=" . (defined $shown->{$_} ? JSON::PP->new->allow_nonref->encode($shown->{$_}) : 'null') }
        qw(phone_number employee newsletter born);
}

my $NONE = 'phone_number="" employee=null newsletter=null born=null';
my $ALL = 'phone_number="+44 20" employee=42 newsletter=true born="2024-02-29"';

# ---- by hand -------------------------------------------------------------------------------------------------------

my $alice = register(username => 'alice');
is(fields_of('alice'), $NONE, 'fields without values');
ends($DONE, qr/\Aalice is now/, qw(user set alice --profile), 'phone_number=+44 20', qw(--profile employee=42 --profile
    newsletter=on --profile born=2024-02-29));
is(fields_of('alice'), $ALL, 'they are set');
my $seen = json_of(call(GET => $alice->{path}, token => $alice->{token}));
is("$seen->{phone_number} $seen->{employee} $seen->{newsletter} $seen->{born}", '+44 20 42 1 2024-02-29',
    'as HTTP shows them');
ends($DONE, qr/^newsletter +yes$/m, qw(user show alice));
ends($DONE, qr/\Aalice is now/, qw(user set alice --profile employee= --profile phone_number=1=2));
is(fields_of('alice'), $ALL =~ s/"\+44 20"/"1=2"/r =~ s/42/null/r, 'one is cleared; the others stay');
for my $case (['employee=many', qr/employee: A valid integer is required\./], ['born=2023-02-29', qr/born: Date has wrong/],
    ['newsletter=perhaps', qr/newsletter: Must be a valid boolean\./],
    ['phone_number=' . '1' x 21, qr/phone_number: Ensure this field has no more than 20 characters\./],
    ["phone_number=\xff", qr/phone_number: Not a valid string\./]) {
    ends($FAILED, $case->[1], qw(user set alice --first-name No --profile), $case->[0]);
}
ends($MISUSE, qr/--profile shoe=43: must be NAME=VALUE with a field of UserMgmtProfile: phone_number, employee, /,
    qw(user set alice --profile shoe=43));
ends($MISUSE, qr/--profile employee: must be/, qw(user set alice --profile employee));
is($sql->("select first_name from um_users where username = 'alice'"), '', 'what is refused changes nothing');

ends($DONE, qr/bob/, qw(user add bob --no-password --profile employee=7 --profile), 'phone_number=');
is(fields_of('bob'), $NONE =~ s/employee=null/employee=7/r, 'a new account has them');
ends($FAILED, qr/born: Date has wrong.*username: Enter a valid/s, 'user', 'add', 'no name', qw(--no-password --profile
    born=x));
ends($DONE, qr/is invited/, qw(user invite carol carol@example.org --profile born=2000-01-01));
is(fields_of('carol'), $NONE =~ s/born=null/born="2000-01-01"/r, 'an invited account has them');
my ($status, $said) = UmTest::run(UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params},
    qw(user set alice --profile employee=1));
ok($status == $MISUSE && $said =~ /say which site has the field: --config/, 'a database alone has no fields') or diag($said);

# ---- export and import ---------------------------------------------------------------------------------------------

ends($DONE, qr/alice is now/, qw(user set alice --profile), qq(phone_number=a,"b"), qw(--profile employee=-5 --profile
    newsletter=false));
my %before = map { $_ => fields_of($_) } qw(alice bob carol);
like($before{alice}, qr/a,\\"b\\"" employee=-5 newsletter=false born="2024-02-29"/, 'values to be exported');
for my $format (qw(jsonl csv)) {
    ends($DONE, qr/3 accounts written/, qw(user export --format), $format, "$folder/out.$format");
    $sql->('delete from um_users');
    ends($DONE, qr/accounts: 3 made/, qw(user import --format), $format, "$folder/out.$format");
    is_deeply({ map { $_ => fields_of($_) } keys %before }, \%before, "$format has the fields");
    $sql->(q(update um_users set custom = '{}'));
    ends($DONE, qr/0 made, 3 changed/, qw(user import --on-conflict update --format), $format, "$folder/out.$format");
    is_deeply({ map { $_ => fields_of($_) } keys %before }, \%before, "an update by $format brings them, too");
}

for my $model ('auth.user', 'people.person') {
    # Django cannot verify the hash of alice, and carol has none, so the command ends with a warning.
    ends($FAILED, qr/^usermgmt: 2 accounts have no hash/m, qw(user export --format django --model), $model, "$folder/out.django");
    my %got = map { ($_->{fields}{username} || '') => $_->{fields} } @{ JSON::PP->new->utf8->decode(UmTest::slurp("$folder/out.django")) };
    is(join(' ', map { defined $got{alice}{$_} ? "$_=$got{alice}{$_}" : () } qw(phone_number employee newsletter born)),
        $model eq 'auth.user' ? '' : 'phone_number=a,"b" employee=-5 newsletter=0 born=2024-02-29',
        "Django: fields as members of $model");
    is(join(' ', grep { exists $got{carol}{$_} } qw(phone_number employee newsletter born)),
        $model eq 'auth.user' ? '' : 'born', 'which has those with a value');
}

sub import_text {
    my ($want, $pattern, $format, $text, @options) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ends($want, $pattern, qw(user import --format), $format, UmTest::spew("$folder/in", $text), @options);
}

import_text($FAILED, qr/line 2\tdave\temployee: A valid integer.*line 3\terin\tborn: Date has wrong.*1 made/s, 'csv',
    "username,employee,born\ndave,x,\nerin,1,1.2.2000\nfrank,3,\n");
is(fields_of('frank'), $NONE =~ s/employee=null/employee=3/r, 'CSV: rows with wrong values are refused');
import_text($FAILED, qr/the column shoe is not known/, 'csv', "username,shoe\ngrace,1\n");
import_text($FAILED, qr/line 1\tgrace\temployee has a value of another kind.*1 made/s, 'jsonl',
    qq({"username":"grace","employee":[1]}\n{"username":"heidi","employee":9,"newsletter":true,"born":null}\n));
is(fields_of('heidi'), $NONE =~ s/employee=null newsletter=null/employee=9 newsletter=true/r, 'JSON: numbers and truth values');
import_text($DONE, qr/0 made, 1 changed/, 'jsonl', qq({"username":"heidi","newsletter":"","phone_number":"1"}\n),
    qw(--on-conflict update));
is(fields_of('heidi'), 'phone_number="1" employee=9 newsletter=null born=null', 'a change of some keeps the others');
import_text($DONE, qr/1 made/, 'django', JSON::PP->new->encode([{ model => 'people.person', pk => 7, fields => {
    username => 'ivan', password => '!', born => '1999-12-31', employee => 12, shoe => 43 } }]), qw(--model people.person));
is(fields_of('ivan'), $NONE =~ s/employee=null/employee=12/r =~ s/born=null/born="1999-12-31"/r,
    'Django: members of a model of the site that are fields here');
$server->stop;

# ---- a field that accounts must have -------------------------------------------------------------------------------

my $strict = UmServer->start($database, "$LINES${MAIL}UserMgmtProfile office text required\n");
@site = ('--httpd', UmTest::httpd(), '--config', "$strict->{folder}/httpd.conf");
ends($FAILED, qr/office: This field is required\./, qw(user add judy --no-password));
ends($FAILED, qr/office: This field is required\./, qw(user invite judy judy@example.org));
ends($FAILED, qr/office: This field may not be blank\.$/, qw(user add judy --no-password --profile office=));
ends($DONE, qr/judy/, qw(user add judy --no-password --profile office=north));
ends($FAILED, qr/office: This field may not be blank\./, qw(user set judy --profile office=));
ends($DONE, qr/judy is now/, qw(user set judy --profile employee=3));
import_text($DONE, qr/1 made/, 'csv', "username,office\nken,\n");
is($sql->("select custom from um_users where username = 'ken'"), '{}', 'accounts from before have none, also when imported');

done_testing();
