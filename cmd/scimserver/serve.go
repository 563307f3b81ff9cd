package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"time"

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
		Listen: o.listen, OpsListen: o.opsListen, CertFile: o.certFile, KeyFile: o.keyFile, Drain: o.drain,
		Version: programVersion(), Log: log, Metrics: telemetry.New(programVersion()),
	}
	if err := o.source(&a); err != nil {
		return err
	}
	if a.Store, err = app.OpenStore(ctx, o.data); err != nil {
		return err
	}
	server, err := app.New(a)
	if err != nil {
		return errors.Join(err, a.Store.Close())
	}
	return server.Run(ctx)
}

// source sets where the configuration comes from, and whom to tell about it.
func (o *options) source(a *app.Options) error {
	source.RedirectLog(a.Log)
	client, err := source.Connect(o.kubeconfig, "scimserver/"+a.Version)
	if err != nil {
		return err
	}
	a.Source = &source.Secret{Client: client, Object: o.secret, Log: a.Log}
	a.Reporter = &source.StatusConfigMap{Client: client, Object: o.status, Key: o.podName, Clock: time.Now}
	a.CacheFile = filepath.Join(o.data, "config.json.gz")
	return nil
}
