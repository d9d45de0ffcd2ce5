# A process that has a secret in every place where another one of its user might look for it.
# bystander.pl SECRET DIRECTORY KEY: says where in its memory the secret is, and waits for the end of its input.
use strict;
use warnings;
use POSIX ();

my ($secret, $directory, $key) = @ARGV;
chdir $directory or die "$directory: $!";
open(my $file, '+>', 'open') or die "open: $!";
syswrite($file, $secret);
POSIX::dup2(fileno($file), 9);
unlink 'open';
my $memory = shmget($key, 64, 01600) // die "shmget: $!";
shmwrite($memory, $secret, 0, 64);
my $queue = msgget($key, 01600) // die "msgget: $!";
msgsnd($queue, pack('l! a*', 1, $secret), 04000);
$| = 1;
print unpack('J', pack('P', $secret)), "\n";
readline STDIN;
shmctl($memory, 0, 0);
msgctl($queue, 0, 0);
