#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What is made of the metrics: the section in mod_status, the alerts and the dashboard of share/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use UmApi;
use UmMetrics;
use UmServer;
use UmTest ();

my $server = UmServer->start(new_database(), <<'END', modules => [qw(status)]);
<Location "/metrics">
    SetHandler usermgmt-metrics
</Location>
<Location "/status">
    SetHandler server-status
</Location>
END
$UmApi::PORT = $server->{port};

sub body_of { return call(GET => $_[0], any => 1)->{body} }

# ---- mod_status ------------------------------------------------------------------------------------------------------

sub refused { my ($count) = body_of('/status?auto') =~ /^UserMgmtSignInsRefused: (\d+)$/m; return $count }

is(refused(), 0, 'no sign-in was refused yet');
call(POST => '/api-token-auth/', json => '{"username":"nobody","password":"wrong-password"}');
is(refused(), 1, 'mod_status shows a refused sign-in to programs');
my $page = body_of('/status');
like($page, qr{<h2>mod_usermgmt</h2>\n<dl>\n(?:<dt>[^<>]+: \d+</dt>\n){10}</dl>}, 'and to people');
like($page, qr{<dt>Sign-ins that were refused: 1</dt>}, 'with the same number');
is(body_of('/status?auto') =~ /<dt>/ ? 1 : 0, 0, 'programs get no HTML');

# ---- share/ ----------------------------------------------------------------------------------------------------------

my $text = body_of('/metrics');
my $read = read_metrics($text);
my $share = UmTest::sources() . '/share';
my $rules = UmTest::slurp("$share/prometheus/usermgmt.rules.yml");
my $dashboard = JSON::PP->new->decode(UmTest::slurp("$share/grafana/usermgmt.json"));
my @shown = map { $_->{expr} } map { @{ $_->{targets} } } @{ $dashboard->{panels} };
my (%named, %unknown);
for my $name (map { /\b(usermgmt_\w+)/g } @shown, $rules =~ /^\s+expr:(?: >-)?((?:.*\n)+?)\s+(?:for|labels):/mg) {
    my ($family) = grep { $read->{families}{$_} } $name, $name =~ s/_(?:bucket|sum|count)\z//r;
    $named{ $family || '' } = 1;
    $unknown{$name} = 1 unless $family;
}
is(join(' ', sort keys %unknown), '', 'alerts and dashboard name metrics that exist');
cmp_ok(scalar(keys %named), '>', 20, 'many of them');
is(join(' ', grep { index("@shown", $_) < 0 } sort keys %{ $read->{families} }), '',
    'the dashboard shows every family');
my %ids;
$ids{ $_->{id} }++ for @{ $dashboard->{panels} };
is(scalar(grep { $_ > 1 } values %ids), 0, 'panels have numbers of their own');

my ($promtool) = grep { -x } UmTest::scratch() . '/promtool', map { "$_/promtool" } split /:/, $ENV{PATH};
SKIP: {
    skip('there is no promtool, of Debian\'s package prometheus', 3) unless $promtool;
    my $folder = UmTest::new_folder();
    my ($status, $said) = UmTest::run($promtool, qw(check rules), "$share/prometheus/usermgmt.rules.yml");
    is($status, 0, 'promtool finds the alerts well written') or diag($said);
    UmTest::spew("$folder/metrics", $text);
    ($status, $said) = UmTest::run('sh', '-c', "'$promtool' check metrics <'$folder/metrics'");
    is("$status$said", '0', 'and the metrics');
    # A database that is away for two minutes, sign-ins that fail, mail that waits, and all that is well beside it.
    UmTest::spew("$folder/test.yml", <<"END");
rule_files: ["$share/prometheus/usermgmt.rules.yml"]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - { series: 'up{job="usermgmt",instance="a"}', values: '1x60' }
      - { series: 'usermgmt_database_up{instance="a"}', values: '1x30 0x30' }
      - { series: 'usermgmt_mail_overdue_seconds{instance="a"}', values: '0x60' }
      - { series: 'usermgmt_mail_overdue_seconds{instance="b"}', values: '1000x60' }
      - { series: 'usermgmt_sign_ins_total{instance="a",outcome="ok"}', values: '0+60x60' }
      - { series: 'usermgmt_sign_ins_total{instance="a",outcome="wrong_password"}', values: '0+10x60' }
      - { series: 'usermgmt_sign_ins_total{instance="b",outcome="ok"}', values: '0+1x60' }
      - { series: 'usermgmt_sign_ins_total{instance="b",outcome="wrong_password"}', values: '0+60x60' }
      - { series: 'usermgmt_hash_refused_total{instance="a"}', values: '0x60' }
      - { series: 'usermgmt_hash_refused_total{instance="b"}', values: '0+1x60' }
      - { series: 'usermgmt_key_age_seconds{instance="a",kid="k",use="sign"}', values: '100x60' }
    promql_expr_test:
      - expr: count by (alertname, instance) (ALERTS{alertstate="firing"})
        eval_time: 29m
        exp_samples:
          - { labels: '{alertname="UserMgmtMailOld",instance="b"}', value: 1 }
          - { labels: '{alertname="UserMgmtSignInsFail",instance="b"}', value: 1 }
          - { labels: '{alertname="UserMgmtHashLimitFull",instance="b"}', value: 1 }
      - expr: count by (alertname) (ALERTS{alertstate="firing",instance="a"})
        eval_time: 40m
        exp_samples:
          - { labels: '{alertname="UserMgmtDatabaseAway"}', value: 1 }
END
    ($status, $said) = UmTest::run($promtool, qw(test rules), "$folder/test.yml");
    is($status, 0, 'and they fire when they should, and not otherwise') or diag($said);
}
is($server->crashes, '', 'no process of the server crashed');

done_testing();
