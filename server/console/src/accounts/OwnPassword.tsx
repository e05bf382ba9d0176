/** Setting an own password: forced after a one-time password, later by choice. */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { App, Button, Form, Input, Modal } from "antd"
import { answered, api } from "../api/client"
import { SESSION } from "../api/query"
import { useWords } from "../i18n/language"
import { useFormRefusal } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { useSignOut, type Me } from "./session"
import { Sheet } from "./Sheet"
import { words } from "./words"

interface Fields {
  current: string
  new: string
  again: string
}

function useOwnPassword(done: () => void) {
  const [form] = Form.useForm<Fields>()
  const refused = useFormRefusal(form)
  const set = useMutation({
    mutationFn: ({ current, new: chosen }: Fields) => answered(api.POST("/api/v1/session/password", { body: { current, new: chosen } })),
    onSuccess: done,
    onError: refused,
  })
  return { form, set }
}

function PasswordFields({ oneTime }: { oneTime: boolean }) {
  const t = useWords(words)
  return (
    <>
      <Form.Item name="current" label={oneTime ? t.oneTimePassword : t.currentPassword} rules={[{ required: true, message: t.passwordNeeded }]}>
        <Input.Password autoFocus autoComplete="current-password" />
      </Form.Item>
      <Form.Item name="new" label={t.newPassword} extra={t.passwordRule} rules={[{ required: true, message: t.passwordNeeded }, { min: 10, message: t.passwordRule }]}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name="again"
        label={t.again}
        dependencies={["new"]}
        rules={[
          { required: true, message: t.passwordNeeded },
          ({ getFieldValue }) => ({
            validator: (_, value: string) => (!value || value === getFieldValue("new") ? Promise.resolve() : Promise.reject(new Error(t.differs))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
    </>
  )
}

/** The page after the first sign-in. */
export function OwnPasswordPage({ me }: { me: Me }) {
  const t = useWords(words)
  const common = useWords(shell)
  const client = useQueryClient()
  const signOut = useSignOut()
  const { form, set } = useOwnPassword(() => void client.invalidateQueries({ queryKey: SESSION }))
  return (
    <Sheet title={t.setOwn} lead={t.setOwnLead(me.display_name)}>
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(v) => set.mutate(v)} disabled={set.isPending}>
        <PasswordFields oneTime />
        <Button type="primary" htmlType="submit" block loading={set.isPending}>{t.setAndEnter}</Button>
      </Form>
      <Button type="link" block onClick={signOut} style={{ marginTop: 8 }}>{common.signOut}</Button>
    </Sheet>
  )
}

/** The dialog behind "change password". */
export function OwnPassword({ onClose }: { onClose: () => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const { form, set } = useOwnPassword(() => {
    void message.success(t.passwordSet)
    onClose()
  })
  return (
    <Modal open title={common.changePassword} onCancel={onClose} okText={common.save} onOk={() => form.submit()} confirmLoading={set.isPending} width={420}>
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(v) => set.mutate(v)}>
        <PasswordFields oneTime={false} />
      </Form>
    </Modal>
  )
}
