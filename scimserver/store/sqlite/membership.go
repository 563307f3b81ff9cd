package sqlite

import (
	"context"
)

// resolve finds the numbers of the ids, each once. Those of no resource are unknown.
func (t *tx) resolve(ctx context.Context, ids []string) (seqs []int64, unknown []string, err error) {
	if len(ids) == 1 {
		return t.resolveOne(ids)
	}
	seqs = make([]int64, 0, len(ids))
	seen := make(map[string]struct{}, len(ids))
	for i, id := range ids {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if _, again := seen[id]; again {
			continue
		}
		seen[id] = struct{}{}
		switch seq, err := t.seqOf(id); {
		case err != nil:
			return nil, nil, err
		case seq == 0:
			unknown = append(unknown, id)
		default:
			seqs = append(seqs, seq)
		}
	}
	return seqs, unknown, nil
}

// resolveOne is resolve for a single id.
func (t *tx) resolveOne(ids []string) (seqs []int64, unknown []string, err error) {
	seq, err := t.seqOf(ids[0])
	if err == nil && seq == 0 {
		return nil, ids, nil
	}
	return []int64{seq}, nil, err
}

// AddMembers implements store.Writer.
func (t *tx) AddMembers(ctx context.Context, groupID string, ids []string) (added int, unknown []string, err error) {
	group, err := t.group(ctx, groupID)
	if err != nil {
		return 0, nil, err
	}
	seqs, unknown, err := t.resolve(ctx, ids)
	if err != nil {
		return 0, nil, err
	}
	added, err = t.append(ctx, group, seqs)
	return added, unknown, err
}

const (
	lastPosSQL   = "SELECT max(pos) FROM membership WHERE grp = ?1"
	addMemberSQL = "INSERT INTO membership (grp, pos, member) VALUES (?1, ?2, ?3) ON CONFLICT (member, grp) DO NOTHING"
)

// append adds those of the resources that are not members yet, behind the last member.
func (t *tx) append(ctx context.Context, group int64, seqs []int64) (added int, err error) {
	t.recent.alone = false
	st, err := t.prepare(lastPosSQL)
	if err != nil {
		return 0, err
	}
	st.BindInt64(1, group)
	pos, err := st.Int()
	if err != nil {
		return 0, t.failed(err)
	}
	for i, seq := range seqs {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err := t.writeInts(addMemberSQL, group, pos+1, seq); err != nil {
			return 0, err
		}
		if t.session.conn.Changes() == 1 {
			added++
			pos++
		}
	}
	return added, nil
}

// RemoveMembers implements store.Writer.
func (t *tx) RemoveMembers(ctx context.Context, groupID string, ids []string) (removed int, err error) {
	group, err := t.group(ctx, groupID)
	if err != nil {
		return 0, err
	}
	seqs, _, err := t.resolve(ctx, ids)
	if err != nil {
		return 0, err
	}
	return t.remove(ctx, group, seqs)
}

const removeMemberSQL = "DELETE FROM membership WHERE member = ?1 AND grp = ?2"

func (t *tx) remove(ctx context.Context, group int64, seqs []int64) (removed int, err error) {
	for i, seq := range seqs {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err := t.writeInts(removeMemberSQL, seq, group); err != nil {
			return 0, err
		}
		removed += int(t.session.conn.Changes())
	}
	return removed, nil
}

// ReplaceMembers implements store.Writer.
func (t *tx) ReplaceMembers(ctx context.Context, groupID string, ids []string) (added, removed int, unknown []string, err error) {
	group, err := t.group(ctx, groupID)
	if err != nil {
		return 0, 0, nil, err
	}
	seqs, unknown, err := t.resolve(ctx, ids)
	if err != nil {
		return 0, 0, nil, err
	}
	gone, err := t.membersBut(ctx, group, seqs)
	if err != nil {
		return 0, 0, nil, err
	}
	if removed, err = t.remove(ctx, group, gone); err != nil {
		return 0, 0, nil, err
	}
	added, err = t.append(ctx, group, seqs)
	return added, removed, unknown, err
}

const memberSeqsSQL = "SELECT member FROM membership WHERE grp = ?1"

// membersBut returns the members that are not among the resources to keep.
func (t *tx) membersBut(ctx context.Context, group int64, keep []int64) (others []int64, err error) {
	kept := make(map[int64]struct{}, len(keep))
	for _, seq := range keep {
		kept[seq] = struct{}{}
	}
	st, err := t.prepare(memberSeqsSQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	st.BindInt64(1, group)
	err = t.each(ctx, st, func() error {
		if _, ok := kept[st.Int64(0)]; !ok {
			others = append(others, st.Int64(0))
		}
		return nil
	})
	return others, err
}

// ClearMembers implements store.Writer.
func (t *tx) ClearMembers(ctx context.Context, groupID string) (removed int, err error) {
	group, err := t.group(ctx, groupID)
	if err != nil {
		return 0, err
	}
	if err := t.writeInts(clearGroupSQL, group); err != nil {
		return 0, err
	}
	return int(t.session.conn.Changes()), nil
}
