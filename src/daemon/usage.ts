export const usage = `usage: rayserver [-f | -d] [-u user] [-g group] [-m mask]

  -f                run in foreground mode
  -d                run in background daemon mode (default)
                    (-f and -d are mutually exclusive)
  -u user           run and create all files as username/UID
  -g group          run and create all files as groupname/GID
  -m mask           set the umask to mask (default 002)

  --home DIR        settings, log and state (default: RAYSERVER_HOME, else
                    /var/lib/rayserver for root, else
                    ~/.local/state/rayserver)
  --port N          job port (default 9182; 0: any free one)
  --listen ADDRESS  loopback address of the job port (default 127.0.0.1)
  --pid-file FILE   write the process ID to FILE
  --without-procwrap
                    start no control process of simulations: a service
                    manager keeps one
  --procwrap        be that control process, in the foreground
  --version         print the version and exit
  --help            print this and exit
`;
