import { type Attempt, perl } from '../attempt.ts';

const ask = (socket: string) =>
  perl(
    `use IO::Socket; my $s = ${socket} or exit; $s->syswrite("GET /healthz HTTP/1.0\\r\\n\\r\\n"); $s->sysread(my $it, 4096); print $it, "\\ntaken" if length $it`,
  );

/** Attempts to speak with others. */
export const network: readonly Attempt[] = [
  {
    from: 'connecting to the job port',
    by: 'scene',
    otherwise: 'succeeds',
    tries: ({ port }) => ask(`IO::Socket::INET->new("127.0.0.1:${port}")`),
  },
  {
    from: 'connecting to the job port while it is planned',
    by: 'plan',
    otherwise: 'succeeds',
    tries: ({ port }) => ask(`IO::Socket::INET->new("127.0.0.1:${port}")`),
  },
  {
    from: 'submitting a job on the socket of the daemon',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ home }) => ask(`IO::Socket::UNIX->new("${home}/run/submit.sock")`),
  },
  {
    from: 'connecting to the control process',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ home }) =>
      perl(`use IO::Socket; print "taken" if IO::Socket::UNIX->new("${home}/run/inner/procwrap.sock")`),
  },
  {
    from: 'connecting to another service of the host',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ teller }) => ask(`IO::Socket::INET->new("127.0.0.1:${teller}")`),
  },
  {
    from: 'connecting to an abstract socket',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ abstract }) => ask(`IO::Socket::UNIX->new("\\0${abstract}")`),
  },
  {
    from: 'sending a datagram',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ listener }) =>
      perl(
        `use IO::Socket; my $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => "127.0.0.1:${listener}"); $s->send("hello"); $SIG{ALRM} = sub { exit }; alarm 1; $s->recv(my $it, 64); print $it`,
      ),
  },
  {
    from: 'seeing who serves and who is connected',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ teller }) => `grep -qi ":${teller.toString(16).padStart(4, '0')} " /proc/net/tcp && echo taken`,
  },
];
