#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Steps of the schema work beside servers that do not know them (docs/architecture.md, How to add a step of the schema): a
# step adds, and what removes or changes something names the oldest step that a module must know (works_from). On
# PostgreSQL an index of a table that was there before is built concurrently, and parts before the last can be repeated.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;
use UmTest ();

# Steps that an older module works beside although they look as if it did not, each with the reason.
my %IS_SAFE = (
    'pgsql/011' => 'the view um_tickets has the former name, and reads and writes the same rows',
    'pgsql/015' => 'the constraint and the type stay, and equal keys stay equal; only the order is another one. The part can'
        . ' be repeated: the index is made again and takes the place of the one before',
);
# The step that renamed a table on SQLite at once, before there was a release.
my %IS_SUDDEN = ('sqlite3/011' => 1);

# What an older module cannot work beside.
my $REMOVES = qr{\b(?:drop \s+ (?:table|column|constraint|view|trigger|function)
    | alter \s+ table \s+ \S+ \s+ (?:drop|rename|alter) \b | rename \s+ (?:to|column)
    | set \s+ not \s+ null | add \s+ (?:constraint|check|unique|primary|foreign))}xi;

sub problems {
    my ($file, $text) = @_;
    my ($dialect, $name, $number) = $file =~ m{sql/(\w+)/((\d+)_\w+)\.sql\z};
    my $id = "$dialect/$number";
    my @problems;
    $text =~ s/^-- concurrently:\n/concurrently: /gm;
    $text =~ s/--[^\n]*//g;
    $text =~ s/^(create trigger \w+) .*?^end;/$1;/gms;
    my @statements = map { s/\A\s+//r } split /;\s*\n/, $text;
    my ($works_from) = $statements[-1] =~ /\(step, name, applied_at, works_from\)\s+values .*, (\d+)\)\s*\z/s;
    push @problems, 'its last statement does not record it' unless $statements[-1] =~ /insert into um_schema.*'$name'/s;
    my $last_index = (grep { $statements[$_] =~ /\Aconcurrently/ } 0 .. $#statements)[-1];
    my %made = map { ($_ => 1) } $text =~ /create table (?:if not exists )?(\w+)/g;
    for my $at (0 .. $#statements - 1) {
        my ($statement) = ($statements[$at] =~ /\A([^\n]*)/);
        my $all = $statements[$at];
        push @problems, "removes or changes, and names no works_from: $statement"
            if $all =~ $REMOVES && $all !~ /\A(?:alter|drop) index/ && !$works_from && !$IS_SAFE{$id};
        push @problems, "a new column that older modules do not fill: $statement"
            if $all =~ /add column/i && $all =~ /not null/i && $all !~ /default/i;
        push @problems, "a default that differs by row makes PostgreSQL write all rows: $statement"
            if $all =~ /add column.*default\s+[^',;]*\(/is;
        push @problems, "writes rows of accounts, under a lock: $statement" if $all =~ /\A(?:update|delete|merge)\b/i;
        next if $dialect ne 'pgsql';
        my ($table) = $all =~ /create (?:unique )?index.* on (\w+) /;
        push @problems, "locks $table while it builds an index, without \"-- concurrently:\" before: $statement"
            if $table && !$made{$table} && $all !~ /\Aconcurrently/;
        push @problems, "is no \"create index if not exists\": $statement"
            if $all =~ /\Aconcurrently/ && $all !~ /\Aconcurrently: create (?:unique )?index if not exists \w+ on /;
        push @problems, "comes before an index and cannot be repeated: $statement"
            if defined $last_index && $at < $last_index && $all !~ /\Aconcurrently/ && !$IS_SAFE{$id}
            && $all !~ /\A(?:create table if not exists|alter table \w+ add column if not exists) /;
    }
    push @problems, "works_from $works_from: what it removes was used until a step ago" if $works_from
        && $works_from >= $number && !$IS_SUDDEN{$id};
    return @problems;
}

for my $file (files(qr{\Asql/\w+/\d+_\w+\.sql\z})) {
    complain($file, problems($file, UmTest::slurp(UmTest::sources() . "/$file")));
}
checked('steps of the schema', 36);

# The rules find what they are for.
my $record = "insert into um_schema (step, name, applied_at) values (99, '099_x', 1);\n";
my $later = "insert into um_schema (step, name, applied_at, works_from) values (99, '099_x', 1, 98);\n";
for my $case (
    ["create table um_x (id uuid primary key);\ncreate index um_x_id on um_x (id);\n$record", ''],
    ["alter table um_users add column x text not null default '';\n$record", ''],
    ["alter table um_users add column x text not null;\n$record", 'do not fill'],
    ["alter table um_users add column x uuid default gen_random_uuid();\n$record", 'write all rows'],
    ["alter table um_users drop column email;\n$record", 'names no works_from'],
    ["alter table um_users drop column email;\n$later", ''],
    ["alter table um_users rename column email to mail;\n$record", 'names no works_from'],
    ["alter table um_users alter column email set not null;\n$record", 'names no works_from'],
    ["drop view um_tickets;\n$record", 'names no works_from'],
    ["drop view um_tickets;\n" . $later =~ s/98/99/r, 'until a step ago'],
    ["update um_users set first_name = '';\n$record", 'under a lock'],
    ["create index um_users_x on um_users (id);\n$record", 'without "-- concurrently:"'],
    ["-- concurrently:\ncreate index if not exists um_users_x on um_users (id);\n$record", ''],
    ["-- concurrently:\ncreate index um_users_x on um_users (id);\n$record", 'is no "create index if not exists"'],
    ["alter table um_users add column x text;\n-- concurrently:\ncreate index if not exists um_x on um_users (x);\n$record",
        'cannot be repeated'],
    ["alter table um_users add column x text;\n", 'does not record it'],
) {
    my ($text, $wanted) = @$case;
    my $found = join ' | ', problems('sql/pgsql/099_x.sql', $text);
    ok($wanted eq '' ? $found eq '' : $found =~ /\Q$wanted\E/, ($wanted || 'nothing') . ' is found') or diag("$text$found");
}

done_testing();
