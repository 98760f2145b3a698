#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The mutex of SQLite's writers: a Mutex line for all mutexes does not make it a file, a line that names it does.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmApi;
use UmServer;
use UmTest;

plan skip_all => 'of SQLite alone' unless UmTest::database() eq 'sqlite3';

# Starts a server with that line. Returns whether an account can be registered, and whether a child has a file of the
# mutex open.
sub with_line {
    my ($line) = @_;
    my $server = UmServer->start(new_database(), $line);
    local $UmApi::PORT = $server->{port};
    my $made = eval { register() } ? 'made' : $@;
    my $files = grep { my $pid = $_; grep { (readlink || '') =~ /usermgmt-sqlite/ } glob "/proc/$pid/fd/*" } $server->children;
    is($server->crashes, '', "$line: nothing crashed");
    $server->stop;
    return $made . ($files ? ', a file' : ', no file');
}

is(with_line(''), 'made, no file', 'without a Mutex line the mutex is no file');
is(with_line('Mutex file:${folder}/logs default'), 'made, no file', 'a Mutex line for all mutexes does not change it');
is(with_line('Mutex file:${folder}/logs usermgmt-sqlite'), 'made, a file',
    'a Mutex line that names it makes it a file');

done_testing();
