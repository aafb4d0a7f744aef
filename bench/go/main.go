// bench-go measures go-ethereum. With "worker FOLDER" it runs in turn with the other implementations, with "import GETH"
// it does so for imports by the program geth,
// with "chain FOLDER NAME" it makes one of the chains that the cases serve or execute.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// over reports whether the time of a slice is over.
type over func() bool

// slice works until the time is over and returns the count of checked results.
type slice func(over) (int, error)

// setUp prepares a case, once.
type setUp func() (slice, error)

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 2 && args[0] == "worker":
		runtime.GOMAXPROCS(1)
		err = serve(cases(args[1]), cpuTime)
	case len(args) > 2 && args[0] == "import":
		err = importWorker(args[1], args[2:])
	case len(args) == 3 && args[0] == "chain":
		err = makeChain(args[1], args[2])
	default:
		err = errors.New("usage: bench-go worker FOLDER, bench-go import GETH CASE…, or bench-go chain FOLDER NAME")
	}
	if err != nil {
		fatal(err)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func cases(folder string) map[string]setUp {
	all := map[string]setUp{}
	for _, some := range []map[string]setUp{
		rlpxCases(folder),
		rlpCases(folder),
		cryptoCases(),
		discv4Cases(),
		enrCases(filepath.Join(folder, "records.txt")),
		poolCases(folder),
	} {
		for name, set := range some {
			all[name] = set
		}
	}
	return all
}

// serve answers "run CASE MILLISECONDS" with "done COUNT CPU-MICROSECONDS" or "failed REASON".
func serve(all map[string]setUp, cpuTime func() time.Duration) error {
	ready := map[string]slice{}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	fmt.Println("ready", strings.Join(names, " "))
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		var name string
		var milliseconds int
		if _, err := fmt.Sscanf(requests.Text(), "run %s %d", &name, &milliseconds); err != nil {
			return fmt.Errorf("request %q: %w", requests.Text(), err)
		}
		count, cpu, err := run(all, ready, name, time.Duration(milliseconds)*time.Millisecond, cpuTime)
		if err != nil {
			fmt.Println("failed", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		fmt.Println("done", strconv.Itoa(count), cpu.Microseconds())
	}
	return requests.Err()
}

func run(
	all map[string]setUp, ready map[string]slice, name string, length time.Duration, cpuTime func() time.Duration,
) (int, time.Duration, error) {
	if ready[name] == nil {
		set, ok := all[name]
		if !ok {
			return 0, 0, fmt.Errorf("no case %q", name)
		}
		made, err := set()
		if err != nil {
			return 0, 0, err
		}
		ready[name] = made
	}
	before := cpuTime()
	end := time.Now().Add(length)
	count, err := ready[name](func() bool { return !time.Now().Before(end) })
	return count, cpuTime() - before, err
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
