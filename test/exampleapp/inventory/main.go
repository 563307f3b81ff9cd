// Command inventory runs the example application.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/test/exampleapp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "inventory:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, env func(string) string) error {
	listen, o, err := parse(args, env)
	if err != nil {
		return err
	}
	app, err := exampleapp.New(o)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: listen, Handler: app, ReadHeaderTimeout: 10 * time.Second}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(server.ListenAndServe)
	work.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	for _, f := range o.Feeds {
		work.Go(func() error { return app.Pull(ctx, f) })
	}
	o.Log.Info("inventory started", "listen", listen, "keys", len(o.Keys), "feeds", len(o.Feeds))
	err = work.Wait()
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, app.Close())
}

func parse(args []string, env func(string) string) (listen string, o exampleapp.Options, err error) {
	o.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	fs := flag.NewFlagSet("inventory", flag.ContinueOnError)
	fs.StringVar(&listen, "listen", "127.0.0.1:8090", "`ADDRESS`; webhooks go to /hooks/scim, security event tokens to /hooks/set")
	fs.StringVar(&o.Journal, "journal", "", "`FILE` that keeps everything over restarts")
	fs.StringVar(&o.Audience, "audience", "", "`URL` of /hooks/set as the server calls it")
	fs.BoolVar(&o.Lenient, "lenient", false, "also let members go who have an asset")
	fs.Func("feed", "`TENANT=URL` of a feed to read, as ns/name=https://scim.example.com/ns/name/members/v1; its token is in $FEED_TOKEN", func(s string) error {
		tenant, url, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("it is not TENANT=URL")
		}
		o.Feeds = append(o.Feeds, exampleapp.Feed{Tenant: tenant, URL: url, Token: env("FEED_TOKEN")})
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return "", o, err
	}
	for _, name := range []string{"SIGNING_KEY", "SIGNING_KEY_NEXT"} {
		if env(name) == "" {
			continue
		}
		key, err := webhook.ParseKey(env(name))
		if err != nil {
			return "", o, fmt.Errorf("$%s: %w", name, err)
		}
		o.Keys = append(o.Keys, key)
	}
	return listen, o, nil
}
