package server

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/workload"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// readConfig reads the last good configuration. A shard that is damaged or missing is made anew; of its tenants those that are
// not valid now have no earlier entry to be kept.
func (r *Reconciler) readConfig(ctx context.Context, p *pass) error {
	p.set, p.secrets = config.Set{}, map[int]*corev1.Secret{}
	if err := r.readShard(ctx, p, 0); err != nil {
		return err
	}
	if p.set[0].Shard == nil {
		return nil
	}
	p.shards = p.set[0].Layout.Numbers()
	for _, n := range p.shards[1:] {
		if err := r.readShard(ctx, p, n); err != nil {
			return err
		}
	}
	if l := p.set.Rest(); l != nil {
		p.config, p.hash = l.Server, l.Digest
	}
	return nil
}

func (r *Reconciler) readShard(ctx context.Context, p *pass, n int) error {
	name := v1alpha1.ConfigSecretName(p.server.Name, n)
	secret, err := r.Applier.GetSecret(ctx, p.server.Namespace, name)
	if err != nil {
		return err
	}
	if secret == nil {
		if n > 0 {
			log.FromContext(ctx).Info("A shard of the configuration is missing, making it anew", "secret", name)
		}
		return nil
	}
	p.secrets[n] = secret
	data := secret.Data[config.SecretKey]
	shard, err := r.configs.Of(secret, func() (*config.Shard, error) { return config.DecodeShard(data) })
	if err != nil {
		log.FromContext(ctx).Info("Configuration was damaged, making it anew", "secret", name, "problem", err.Error())
		return nil
	}
	if shard.Shard == n {
		p.set[n] = config.Stored{Shard: shard, Data: data}
	}
	return nil
}

// compile makes the configuration, and how it is stored. What does not fit is left out: other changes must still get through.
func (r *Reconciler) compile(ctx context.Context, p *pass, in compile.Input) (compile.Result, *config.Plan) {
	for range 8 { // each time another tenant turns out to be too large
		result := compile.Server(in)
		plan, err := config.Split(result.Config, p.set)
		if err == nil {
			for _, problem := range result.Problems {
				log.FromContext(ctx).Error(problem, "Kept the earlier entry of a tenant")
			}
			return result, plan
		}
		p.tooLarge = err
		if !leaveOut(&in, result.Config, err) {
			break
		}
	}
	log.FromContext(ctx).Error(p.tooLarge, "Kept the earlier configuration")
	return compile.Result{}, nil
}

// leaveOut notes which tenants do not fit. It tells whether there is something left that can be tried.
func leaveOut(in *compile.Input, c *config.Server, err error) bool {
	if in.Unfit == nil {
		in.Unfit = map[string]bool{}
	}
	before := len(in.Unfit)
	tooLarge, ok := errors.AsType[*config.TooLargeError](err)
	switch {
	case ok:
		for _, key := range tooLarge.Tenants {
			in.Unfit[key] = true
		}
	case errors.Is(err, config.ErrFull):
		newcomers(in, c)
	}
	if len(in.Unfit) > before {
		return true
	}
	if in.Frozen {
		return false
	}
	in.Frozen = true
	return true
}

// newcomers that are too many are those that come last by their names.
func newcomers(in *compile.Input, c *config.Server) {
	had := map[string]bool{}
	if in.Previous != nil {
		for _, t := range in.Previous.Tenants {
			had[t.Key] = true
		}
	}
	over := len(c.Tenants) - config.MaxTenants
	for _, t := range slices.Backward(c.Tenants) {
		if over > 0 && !had[t.Key] {
			in.Unfit[t.Key] = true
			over--
		}
	}
}

// store writes the shards that have changed, in the order of the plan. The pods get the right to read a new one before the
// index names it, and a ConfigMap to report on it.
func (r *Reconciler) store(ctx context.Context, p *pass, plan *config.Plan, next *config.Server) error {
	numbers := plan.Layout.Numbers()
	if added := slices.ContainsFunc(numbers, func(n int) bool { return n > 0 && !slices.Contains(p.shards, n) }); added {
		all := append(slices.Clone(p.shards), numbers...)
		slices.Sort(all)
		if err := r.grow(ctx, p, slices.Compact(all)); err != nil {
			return err
		}
	}
	for _, w := range plan.Writes {
		if err := r.writeShard(ctx, p, w); err != nil || p.stop {
			return err
		}
	}
	p.shards, p.config = numbers, next
	if len(plan.Writes) > 0 || p.hash == "" {
		p.hash = next.Hash()
	}
	return nil
}

func (r *Reconciler) grow(ctx context.Context, p *pass, numbers []int) error {
	objects, err := workload.Access(p.server, numbers)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := r.applyOne(ctx, p, o); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reconciler) writeShard(ctx context.Context, p *pass, w config.Write) error {
	s, name := p.server, v1alpha1.ConfigSecretName(p.server.Name, w.Shard)
	current := p.secrets[w.Shard]
	if current == nil {
		var err error
		if current, err = r.Applier.GetSecret(ctx, s.Namespace, name); err != nil {
			return err
		}
	}
	desired := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: name, Labels: workload.Labels(s)},
		Data:       map[string][]byte{config.SecretKey: w.Data},
	}
	_, err := r.Applier.PutSecret(ctx, s, current, desired)
	if conflict := new(kubeutil.ConflictError); errors.As(err, &conflict) {
		p.conflict(conflict)
		p.stop = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("write shard %d of the configuration: %w", w.Shard, err)
	}
	return nil
}

// adopt makes sure that the Secret of a configuration that stays as it is has its labels and its owner.
func (r *Reconciler) adopt(ctx context.Context, p *pass, plan *config.Plan) error {
	if slices.ContainsFunc(plan.Writes, func(w config.Write) bool { return w.Shard == 0 }) || p.secrets[0] == nil {
		return nil
	}
	return r.writeShard(ctx, p, config.Write{Shard: 0, Data: p.secrets[0].Data[config.SecretKey]})
}
