#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A client in TypeScript with types made of the served description of the API: t/typescript/main.ts, and the one of
# docs/api.md with its commands.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use UmApi;
use UmDocs;
use UmNode;
use UmServer;
use UmTest ();

my $why = why_no_node('typescript');
plan(skip_all => $why) if $why;

my $PAGE = 'docs/api.md';
my ($packages, $mails) = (node_packages('typescript'), UmTest::new_folder());
my $throttled = free_port();
my $server = UmServer->start(new_database(), <<"END");
UserMgmtOpenAPI On
UserMgmtEmailVerification on
UserMgmtVerifyURL https://front.test.example/verify/{token}
UserMgmtMail "file:$mails"
UserMgmtProfile phone text max=20
UserMgmtProfile rings integer required
Listen 127.0.0.1:$throttled
<VirtualHost 127.0.0.1:$throttled>
    UserMgmt On
    UserMgmtThrottleExempt none
</VirtualHost>
END
# One whose database has lost a table.
my $away = UmServer->start(new_database(), '');
$away->{database}{sql}->('alter table um_users rename to gone');

# Staff, and an account for the page.
my $chief = 'chief.' . new_name();
for my $name ($chief, 'alice') {
    my $answer = call(POST => $USERS, port => $server->{port}, json => JSON::PP->new->encode({ username => $name,
        password => good_password(), rings => 1 }));
    is($answer->{status}, 201, "$name is registered");
}
$server->{database}{sql}->("update um_users set is_staff = 1 where username = '$chief'");

# A folder with the packages.
sub project {
    my $folder = UmTest::new_folder();
    symlink "$packages/node_modules", "$folder/node_modules" or die "$folder: $!\n";
    return $folder;
}

# ---- types -----------------------------------------------------------------------------------------------------------

my $base = "http://127.0.0.1:$server->{port}";
my $folder = project();
UmTest::spew("$folder/$_", UmTest::slurp(UmTest::sources() . "/t/typescript/$_")) for qw(package.json tsconfig.json main.ts);
my ($status, $said) = UmTest::run('node', "$packages/node_modules/.bin/openapi-typescript", "$base/api/openapi.yaml", '-o',
    "$folder/schema.d.ts");
is($status, 0, 'the types are made of the served description') or diag($said);
my @vague = grep { /\b(?:unknown|any)\b/ && !/\A\s+\[name: string\]: unknown;\z/ } map { s{/\*.*?\*/}{}r }
    split /\n/, UmTest::slurp("$folder/schema.d.ts") =~ s{/\*.*?\*/}{}gsr;
is(join("\n", @vague), '', 'each type says what it is, except headers that are not described');

sub compile { return UmTest::run('node', "$packages/node_modules/.bin/tsc", '-p', $folder) }
($status, $said) = compile();
is("$status $said", '0 ', 'the client compiles with the strictest checks');

# ---- the life of an account ------------------------------------------------------------------------------------------

$ENV{UM_TYPESCRIPT_FACTS} = JSON::PP->new->canonical->encode({ base => $base, mails => $mails, username => $chief,
    password => good_password(), away => "http://127.0.0.1:$away->{port}", throttled => "http://127.0.0.1:$throttled" });
count_checks("$folder/main.js") if !$status;

# ---- the page --------------------------------------------------------------------------------------------------------

my ($block) = grep { grep { $_->{how} eq 'auth/typescript.t' } @{ $_->{rows} } } command_blocks($PAGE);
my ($client) = UmTest::slurp(UmTest::sources() . "/$PAGE") =~ /^```ts\n(.*?)^```\n/ms;
my $wanted = JSON::PP->new->decode(UmTest::slurp(UmTest::sources() . '/t/typescript/package.json'))->{dependencies};
my %named = $block->{text} =~ /(\S+)\@(\d\S*)/g;
is_deeply(\%named, { map { ($_ => $wanted->{$_}) } keys %named }, "$PAGE names the versions that are tried");
$folder = project();
my $here = sub { $_[0] =~ s{https://www\.example\.org}{$base}gr };
UmTest::spew("$folder/client.mts", $here->($client =~ s/Blue-Tree-71x/good_password()/er));
my ($failed, $printed) = run_block($block, $folder, sub { $here->($_[0] =~ s/^npm install.*\n//mr) });
is($failed, 0, "the commands of $PAGE succeed") or diag($printed);
like($printed, qr/^alice .*\nchanged: Alice\n\z/m, "the client of $PAGE prints what it reads");

is($_->crashes, '', 'no process crashed') for $server, $away;
done_testing();
