package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// patience is how long a person who has pressed Tab waits for the API server.
const patience = 3 * time.Second

// Choices are the words that a snapshot has for an argument. args are those that are
// there already.
type Choices func(snapshot *inspect.Snapshot, args []string) []string

// Kinds are the kinds that are not there already. A kind that shares its name with
// another is written with its group.
func Kinds(snapshot *inspect.Snapshot, args []string) []string {
	count := map[string]int{}
	for _, kind := range snapshot.Kinds {
		count[strings.ToLower(kind.Kind)]++
	}
	var names []string
	for _, kind := range snapshot.Kinds {
		name := kind.Name()
		if count[strings.ToLower(kind.Kind)] == 1 {
			name = kind.Kind
		}
		if !slices.Contains(args, name) && !slices.Contains(args, kind.Name()) {
			names = append(names, name)
		}
	}
	return names
}

// Takers are the Pods that may be given the kind that is named already, or any kind.
func Takers(snapshot *inspect.Snapshot, args []string) []string {
	var names []string
	for _, kind := range snapshot.Kinds {
		if len(args) > 0 && !strings.EqualFold(args[0], kind.Kind) && !strings.EqualFold(args[0], kind.Name()) {
			continue
		}
		names = append(names, snapshot.Takers(kind)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Components are the controllers.
func Components(snapshot *inspect.Snapshot, _ []string) []string {
	var names []string
	for _, kind := range snapshot.Kinds {
		names = append(names, kind.Component)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Complete completes a flag of the command from what the Leases say; with an empty
// flag, its arguments. Nothing is offered when the Leases cannot be read.
func Complete(command *cobra.Command, flag string, config *genericclioptions.ConfigFlags, component *string, choices Choices) {
	function := func(command *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		snapshot, err := read(ctx, config, component)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return matching(choices(snapshot, args), typed), cobra.ShellCompDirectiveNoFileComp
	}
	if flag == "" {
		command.ValidArgsFunction = function
		return
	}
	_ = command.RegisterFlagCompletionFunc(flag, function)
}

// First completes the first argument only.
func First(choices Choices) Choices {
	return func(snapshot *inspect.Snapshot, args []string) []string {
		if len(args) > 0 {
			return nil
		}
		return choices(snapshot, args)
	}
}

// matching keeps what begins with what was typed, in capitals or not. A holder can put
// anything into a name, and the shell is not to see it.
func matching(choices []string, typed string) []string {
	return slices.DeleteFunc(choices, func(choice string) bool {
		return inspect.Printable(choice) != choice || strings.ContainsAny(choice, " \t'\"`$\\;&|<>()*?[]{}") ||
			!strings.HasPrefix(strings.ToLower(choice), strings.ToLower(typed))
	})
}

func read(ctx context.Context, flags *genericclioptions.ConfigFlags, component *string) (*inspect.Snapshot, error) {
	config, err := flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	client, err := coordinationclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	query := inspect.Query{}
	if component != nil {
		query.Component = *component
	}
	if query.Namespace, _, err = flags.ToRawKubeConfigLoader().Namespace(); err != nil {
		return nil, err
	}
	return inspect.Collect(ctx, client, query)
}
