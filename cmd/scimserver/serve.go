package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"path/filepath"
	"time"

	"github.com/scim-operator/scim-operator/controllers/manifests"
	"github.com/scim-operator/scim-operator/scimserver/app"
	"github.com/scim-operator/scim-operator/scimserver/config/source"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

// serve runs the server until ctx ends.
func serve(ctx context.Context, args []string, env func(string) string, _, stderr io.Writer) error {
	o, err := parseFlags(args, env, stderr)
	if err != nil {
		return err
	}
	log, err := telemetry.NewLogger(stderr, o.logLevel)
	if err != nil {
		return usageError(err.Error())
	}
	app.TuneMemory()
	a := app.Options{
		Listen: o.listen, OpsListen: o.opsListen, Profiles: o.pprof, CertFile: o.certFile, KeyFile: o.keyFile, Drain: o.drain,
		Version: programVersion(), Log: log, Metrics: telemetry.New(programVersion()),
		AdminDir: o.data,
	}
	files, err := o.source(&a, stderr)
	if err != nil {
		return err
	}
	if a.Store, err = app.OpenDatabase(ctx, app.Database{Dir: o.data, URI: o.postgres, File: o.postgresFile}, log); err != nil {
		return err
	}
	server, err := app.New(a)
	if err != nil {
		return errors.Join(err, a.Store.Close())
	}
	if files != nil {
		files.Listening(server.Addr(), o.certFile != "")
	}
	return server.Run(ctx)
}

// source sets where the configuration comes from, and whom to tell about it. In a cluster there are no manifests: nil.
func (o *options) source(a *app.Options, people io.Writer) (*manifests.Source, error) {
	if o.manifests != "" {
		files, err := manifests.New(manifests.Options{
			Dir: o.manifests, Data: o.data, BaseURL: o.baseURL, Log: a.Log, Out: people, Clock: time.Now, Rand: rand.Reader,
		})
		a.Source, a.Reporter = files, files
		return files, err
	}
	source.RedirectLog(a.Log)
	client, err := source.Connect(o.kubeconfig, "scimserver/"+a.Version)
	a.Source = &source.Secrets{Client: client, Object: o.secret, Log: a.Log}
	a.Reporter = &source.StatusConfigMap{Client: client, Object: o.status, Key: o.podName, Clock: time.Now}
	a.CacheFile = filepath.Join(o.data, "config.json.gz")
	return nil, err
}
