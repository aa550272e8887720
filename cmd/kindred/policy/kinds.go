package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// parseKinds reads --kinds. A kind that is given without its resource has none yet.
func parseKinds(texts []string) ([]policy.Kind, error) {
	var kinds []policy.Kind
	var errs []error
	for _, text := range texts {
		name, resource, explicit := strings.Cut(text, "=")
		kind := schema.ParseGroupKind(name)
		if shard := lease.ParseShard(name); shard.Of > 0 {
			errs = append(errs, fmt.Errorf("--kinds has %q, a bucket: a kind that is split cannot be fenced in the API server", text))
			continue
		}
		if kind.Kind == "" || explicit && resource == "" {
			errs = append(errs, fmt.Errorf("--kinds has %q: write Kind.group or Kind.group=plural, as in Widget.example.com=widgets", text))
			continue
		}
		kinds = append(kinds, policy.Kind{GroupKind: kind, Resource: resource})
	}
	return kinds, errors.Join(errs...)
}

// resolve finds the kinds, unless some are given, and their resources. It makes no
// request when everything is given.
func (o *options) resolve(ctx context.Context, generate policy.Options, kinds []policy.Kind) ([]policy.Kind, error) {
	known := func(kind policy.Kind) bool { return kind.Resource != "" }
	if len(kinds) > 0 && !slices.ContainsFunc(kinds, func(kind policy.Kind) bool { return !known(kind) }) {
		return kinds, nil
	}
	config, err := o.config.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("%w: give --kubeconfig or set KUBECONFIG, or say what each kind's resource is called, as in --kinds Widget.example.com=widgets", err)
	}
	if len(kinds) == 0 {
		if kinds, err = ofComponent(ctx, config, generate.Namespace, generate.Component); err != nil {
			return nil, err
		}
	}
	mapper, err := o.config.ToRESTMapper()
	if err != nil {
		return nil, err
	}
	client, err := o.config.ToDiscoveryClient()
	if err != nil {
		return nil, err
	}
	client.Invalidate() // what is on disk may be from before the kind was installed
	var errs []error
	for i := range kinds {
		if known(kinds[i]) {
			continue
		}
		mapping, err := mapper.RESTMapping(kinds[i].GroupKind)
		if err != nil {
			errs = append(errs, explain(kinds[i].GroupKind, err))
			continue
		}
		kinds[i].Resource = mapping.Resource.Resource
		if slices.Contains(generate.Areas, policy.Status) {
			errs = append(errs, hasStatus(client, mapping))
		}
	}
	return kinds, errors.Join(errs...)
}

func explain(kind schema.GroupKind, err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("the API server does not serve %s: install it first, or say what its resource is called, as in --kinds %s=%ss", kind, kind, strings.ToLower(kind.Kind))
	}
	return fmt.Errorf("asking the API server what the resource of %s is called: %w", kind, err)
}

// hasStatus refuses to fence what is not there: the policy would never match.
func hasStatus(client discovery.DiscoveryInterface, mapping *meta.RESTMapping) error {
	list, err := client.ServerResourcesForGroupVersion(mapping.GroupVersionKind.GroupVersion().String())
	if err != nil {
		return explain(mapping.GroupVersionKind.GroupKind(), err)
	}
	for _, resource := range list.APIResources {
		if resource.Name == mapping.Resource.Resource+"/status" {
			return nil
		}
	}
	return fmt.Errorf("%s has no status subresource: its status is written with the object, so use --fence spec", mapping.GroupVersionKind.GroupKind())
}

// ofComponent returns the kinds that the component's Leases and live replicas name.
func ofComponent(ctx context.Context, config *rest.Config, namespace, component string) ([]policy.Kind, error) {
	client, err := coordinationclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	snapshot, err := inspect.Collect(ctx, client, inspect.Query{Namespace: namespace, Component: component})
	if err != nil {
		return nil, err
	}
	var kinds []policy.Kind
	split := map[schema.GroupKind]bool{}
	for _, kind := range snapshot.Kinds {
		groupKind := schema.GroupKind{Group: kind.Group, Kind: kind.Kind}
		if kind.Of == 0 {
			kinds = append(kinds, policy.Kind{GroupKind: groupKind})
		} else if !split[groupKind] {
			split[groupKind] = true
			err = errors.Join(err, fmt.Errorf("%s is split into %d buckets, and a policy takes one Lease: with several there is no rule that says who may write which object; name the other kinds with --kinds", groupKind, kind.Of))
		}
	}
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("component %s has no Lease in namespace %q: give the right --component and --namespace, or name the kinds with --kinds", component, namespace)
	}
	return kinds, nil
}
