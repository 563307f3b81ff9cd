// Package flags lets flags come from the environment, too, and prints them for people.
package flags

import (
	"flag"
	"fmt"
	"strings"
)

// Given are the flags that somebody set.
func Given(fs *flag.FlagSet) map[string]bool {
	names := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { names[f.Name] = true })
	return names
}

// FromEnvironment sets the flags that are not among the arguments: --log-level from prefix_LOG_LEVEL, and so on.
func FromEnvironment(fs *flag.FlagSet, prefix string, env func(string) string) (err error) {
	args := Given(fs)
	fs.VisitAll(func(f *flag.Flag) {
		name := prefix + "_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value := env(name); value != "" && !args[f.Name] && err == nil {
			if serr := fs.Set(f.Name, value); serr != nil {
				err = fmt.Errorf("%s=%q: %w", name, value, serr)
			}
		}
	})
	return err
}

// Print writes what each flag means to the output of the set.
func Print(fs *flag.FlagSet) {
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		if f.DefValue != "" {
			text += " (default: " + f.DefValue + ")"
		}
		fmt.Fprintf(fs.Output(), "  --%s %s\n        %s\n", f.Name, strings.ToUpper(value), text)
	})
}
