package cli

import (
	"context"
	"errors"
	"fmt"

	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// OneKind reads the Leases for a command about one kind, which texts name: how to
// reach the API server, all that was read, and the kind.
func (o *Options) OneKind(ctx context.Context, command string, texts []string) (*rest.Config, *inspect.Snapshot, inspect.Kind, error) {
	var errs []error
	if len(texts) != 1 {
		errs = append(errs, fmt.Errorf("there are %d kinds: name one, as in \"%s %s Database\"", len(texts), o.Name, command))
	}
	if err := o.Check(errs...); err != nil {
		return nil, nil, inspect.Kind{}, err
	}
	config, query, err := o.Connect()
	if err != nil {
		return nil, nil, inspect.Kind{}, err
	}
	leases, err := coordinationclient.NewForConfig(config)
	if err != nil {
		return nil, nil, inspect.Kind{}, err
	}
	snapshot, err := inspect.Collect(ctx, leases, query)
	if err != nil {
		return nil, nil, inspect.Kind{}, err
	}
	if len(snapshot.Kinds) == 0 {
		return nil, nil, inspect.Kind{}, errors.New(o.Nothing(query))
	}
	kind, err := snapshot.Find(texts[0])
	return config, snapshot, kind, err
}
