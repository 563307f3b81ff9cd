package postgres

import (
	"fmt"
	"os"
	"testing"
)

// children are what this program is when a test starts it as another process, by the environment variable with the URI of the database.
var children = map[string]func(uri string) error{}

func TestMain(m *testing.M) {
	for variable, child := range children {
		if uri := os.Getenv(variable); uri != "" {
			if err := child(uri); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}
