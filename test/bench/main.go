// Command bench measures the real server program over HTTP beside a bare net/http server: the same client, the same number
// of connections, in turn. See docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/scim-operator/scim-operator/test/bench/report"
)

// settings are the flags.
type settings struct {
	users       numbers
	groups      numbers
	application int
	client      string
	connections int
	rounds      int
	retries     int
	round       time.Duration
	data        string
	keep        string
	store       string
	server      string
	profile     string
	output      string
	only        *regexp.Regexp
	strict      bool
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == bareCommand {
		exit(serveBare(os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := parseFlags(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(ctx, s)
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parseFlags(args []string) (settings, error) {
	s := settings{users: numbers{1000, 100_000}, groups: numbers{0, 10_000, 100_000}}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.Var(&s.users, "users", "numbers of users; the environment variable BENCH_USERS is the default of it")
	f.Var(&s.groups, "groups", "numbers of members of groups; those with more members than there are users are left out")
	f.IntVar(&s.application, "application", 100_000, "users of the tenant with an application; 0 leaves it out")
	f.StringVar(&s.client, "client", "standard", "standard: that of net/http; or lean, which takes so little time itself that it shows differences of servers best")
	f.IntVar(&s.connections, "connections", 16, "keep-alive connections")
	f.IntVar(&s.rounds, "rounds", 5, "rounds of each operation; the medians are shown")
	f.IntVar(&s.retries, "retries", 0, "repeat a round so often while other programs take more than a tenth of the processors; the calmest one counts")
	f.DurationVar(&s.round, "round", time.Second, "length of a round")
	f.StringVar(&s.data, "data", "", "folder for the databases; they are deleted at the end. Default: the system's temporary one")
	f.StringVar(&s.keep, "keep", "", "folder in which populated databases are kept for the next run")
	f.StringVar(&s.store, "store", "sqlite", "sqlite, or postgres: a PostgreSQL with its default durability, which the bench starts")
	f.StringVar(&s.server, "server", "", "the server program, instead of building it")
	f.StringVar(&s.profile, "profile", "", "folder for CPU and allocation profiles of the server, one pair for each operation")
	f.StringVar(&s.output, "o", "table", "table or json")
	f.BoolVar(&s.strict, "strict", false, "fail if a figure is on the wrong side of its bound")
	only := f.String("run", "", "measure the operations whose names match this regular expression")
	if env := os.Getenv("BENCH_USERS"); env != "" {
		if err := s.users.Set(env); err != nil {
			return s, fmt.Errorf("BENCH_USERS: %w", err)
		}
	}
	if err := f.Parse(args); err != nil {
		return s, err
	}
	var err error
	s.only, err = regexp.Compile(*only)
	return s, errors.Join(err, s.check(f.Args()))
}

func (s settings) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case s.application < 0 || s.application > mostUsers:
		return fmt.Errorf("-application %d: want a number up to %d", s.application, mostUsers)
	case s.connections < 1 || s.rounds < 1 || s.round <= 0 || s.retries < 0:
		return errors.New("connections, rounds and round must be positive")
	case s.client != "lean" && s.client != "standard":
		return fmt.Errorf("-client %s: want lean or standard", s.client)
	case s.store != "sqlite" && s.store != "postgres":
		return fmt.Errorf("-store %s: want sqlite or postgres", s.store)
	case s.output != "table" && s.output != "json":
		return fmt.Errorf("-o %s: want table or json", s.output)
	}
	return nil
}

const mostUsers = 5_000_000

// numbers is a flag with several of them.
type numbers []int

func (n *numbers) String() string { return strings.Trim(fmt.Sprint([]int(*n)), "[]") }

func (n *numbers) Set(text string) error {
	*n = nil
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		v, err := strconv.Atoi(strings.ReplaceAll(field, "_", ""))
		if err != nil || v < 0 || v > mostUsers {
			return fmt.Errorf("%q: want numbers up to %d", field, mostUsers)
		}
		*n = append(*n, v)
	}
	return nil
}

// run measures and prints.
func run(ctx context.Context, s settings) error {
	result, err := measureAll(ctx, s)
	if err != nil {
		return err
	}
	write := result.WriteTable
	if s.output == "json" {
		write = result.WriteJSON
	}
	if err := write(os.Stdout); err != nil || !s.strict {
		return err
	}
	return missed(result.Checks())
}

func missed(checks []report.Check) (err error) {
	for _, c := range checks {
		if !c.OK() {
			err = errors.Join(err, fmt.Errorf("%s: %.3g, wanted %.3g", c.Name, c.Got, c.Bound))
		}
	}
	return err
}

// progress tells what goes on, on standard error.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
