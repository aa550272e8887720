package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	basecompatibility "k8s.io/component-base/compatibility"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	apiserveroptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// apiServer is kube-apiserver inside this process.
type apiServer struct {
	cancel context.CancelFunc
	// done is closed when it has ended; err says why and may be read from then on.
	done chan struct{}
	err  error
}

// startAPIServer does what the kube-apiserver command does, but leaves the process's signals alone and serves on a
// listener that exists already. It runs until stop is called: what ends the process must not end the API server first,
// or a stop would look like a failure.
func startAPIServer(args []string, listener net.Listener) *apiServer {
	ctx, cancel := context.WithCancel(context.Background())
	s := &apiServer{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		if s.err = serve(ctx, args, listener); s.err == nil {
			s.err = errors.New("it was stopped")
		}
	}()
	return s
}

func (s *apiServer) stop() {
	s.cancel()
	<-s.done
}

func serve(ctx context.Context, args []string, listener net.Listener) error {
	opts := apiserveroptions.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range opts.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	flags.Usage = func() {}
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("the API server's flags: %w", err)
	}
	opts.SecureServing.Listener = listener

	registry := opts.GenericServerRunOptions.ComponentGlobalsRegistry
	if err := registry.Set(); err != nil {
		return err
	}
	if err := logsapi.ValidateAndApply(opts.Logs, registry.FeatureGateFor(basecompatibility.DefaultKubeComponent)); err != nil {
		return err
	}
	completed, err := opts.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return utilerrors.NewAggregate(errs)
	}
	return app.Run(ctx, completed)
}
