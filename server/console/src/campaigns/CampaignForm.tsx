/** What a campaign is called, why it is held, who answers for it, and when it is. */
import { DatePicker, Form, Input, Modal, Select } from "antd"
import dayjs, { type Dayjs } from "dayjs"
import { daysFromToday, today } from "../i18n/format"
import { useWords } from "../i18n/language"
import { useDepartments } from "../screens/places"
import { useFormRefusal } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { useSaveCampaign, type Campaign } from "./campaigns"
import { StageFields, type StageValue } from "./StageFields"
import { words } from "./words"

interface Values {
  name: string
  goal?: string
  owner_department: string
  period: [Dayjs, Dayjs]
  stages?: StageValue[]
}

const FIELDS = { starts: "period", ends: "period" }

/** `campaign` is what is changed; without, one is made. */
export function CampaignForm({ campaign, onClose }: { campaign: Campaign | null; onClose: (saved?: Campaign) => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const departments = useDepartments()
  const [form] = Form.useForm<Values>()
  const refused = useFormRefusal(form, FIELDS)
  const save = useSaveCampaign(campaign?.id ?? null)
  const initial: Partial<Values> = campaign
    ? {
        name: campaign.name,
        goal: campaign.goal,
        owner_department: campaign.owner_department,
        period: [dayjs(campaign.starts), dayjs(campaign.ends)],
        stages: campaign.stages.map(({ kind, from, until, intensity }) => ({ kind, intensity, days: [dayjs(from), dayjs(until)] })),
      }
    : { period: [dayjs(today()), dayjs(daysFromToday(29))] }
  const finish = (v: Values) =>
    save.mutate(
      {
        name: v.name.trim(),
        goal: v.goal?.trim() ?? "",
        owner_department: v.owner_department,
        starts: v.period[0].format("YYYY-MM-DD"),
        ends: v.period[1].format("YYYY-MM-DD"),
        stages: (v.stages ?? []).map(({ kind, days, intensity }) => ({ kind, intensity, from: days[0].format("YYYY-MM-DD"), until: days[1].format("YYYY-MM-DD") })),
      },
      { onSuccess: (saved) => onClose(saved), onError: refused },
    )
  return (
    <Modal open title={campaign ? t.edit : t.create} onCancel={() => onClose()} okText={common.save} onOk={() => form.submit()} confirmLoading={save.isPending} maskClosable={false} width={600}>
      <Form form={form} name="campaign" layout="vertical" requiredMark={false} initialValues={initial} onFinish={finish}>
        <Form.Item name="name" label={t.name} rules={[{ required: true, whitespace: true, message: t.nameNeeded }]}>
          <Input maxLength={60} autoFocus />
        </Form.Item>
        <Form.Item name="goal" label={t.goal}>
          <Input.TextArea maxLength={500} autoSize={{ minRows: 2, maxRows: 5 }} placeholder={t.goalHint} />
        </Form.Item>
        <Form.Item name="owner_department" label={t.owner} rules={[{ required: true, message: t.ownerNeeded }]}>
          <Select showSearch optionFilterProp="label" options={departments.data?.map((d) => ({ value: d.code, label: d.name }))} />
        </Form.Item>
        <Form.Item name="period" label={t.period} rules={[{ required: true, message: t.periodNeeded }]}>
          <DatePicker.RangePicker style={{ width: "100%" }} allowClear={false} />
        </Form.Item>
        <StageFields />
      </Form>
    </Modal>
  )
}
